use yolov4::{
    Gpu, Precision,
    low_level::{
        gpu::{GpuOptions, Needs, Program, ProgramOptions, needs},
        graph::explain::describe,
        model::{CfgOptions, Network, random::Random},
        tensor::Tensor,
    },
};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let side: usize = a[2].parse().unwrap();
    let network = Network::from_cfg(&a[1], &CfgOptions { size: Some((side, side)), ..Default::default() }).unwrap();
    let n = needs(&network.graph, Precision::F32);
    let gpu =
        pollster::block_on(Gpu::new(&GpuOptions { needs: Needs { timestamps: true, ..n }, ..Default::default() }))
            .unwrap();
    let t = std::time::Instant::now();
    let options = ProgramOptions::default();
    let mut p =
        pollster::block_on(Program::new(&gpu, &network.graph, network.random_params(0), &options, &mut |_, _| {}))
            .unwrap();
    println!("load {:?}", t.elapsed());
    let mut random = Random::new(1);
    let shape = network.graph.input_shape();
    let input = Tensor { shape, data: (0..shape.elements()).map(|_| random.signed().abs()).collect() };
    for _ in 0..a.get(3).map_or(5, |v| v.parse().unwrap()) {
        let t = std::time::Instant::now();
        pollster::block_on(p.play(&input, &[])).unwrap();
        println!("frame {:.1} ms", t.elapsed().as_secs_f64() * 1e3);
    }
    let times = pollster::block_on(p.time_nodes(&input)).unwrap();
    let g = p.graph();
    let mut by = std::collections::BTreeMap::<usize, Vec<f64>>::new();
    for t in &times {
        by.entry(t.node.0).or_default().push(t.time.as_secs_f64() * 1e3);
    }
    for (id, node) in g.iter() {
        if let Some(v) = by.get(&id.0) {
            let ms: f64 = v.iter().sum();
            let gf = 2e-9 * g.macs(id) as f64;
            let ic = node.inputs.first().map_or(0, |i| g.node(*i).shape.c);
            println!(
                "{:4} {:<30} {:>4} -> {:<14} {:8.2} ms {:7.1} GF/s {:?}",
                id.0,
                describe(&node.op),
                ic,
                node.shape.to_string(),
                ms,
                gf / ms * 1e3,
                v.iter().map(|x| (x * 10.0).round() / 10.0).collect::<Vec<_>>()
            );
        }
    }
    println!("sum {:.1}", times.iter().map(|t| t.time.as_secs_f64() * 1e3).sum::<f64>());
}
