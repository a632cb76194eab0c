use yolov4::low_level::{gpu::*, graph::plan::Keep, graph::*, kernels::Precision, kernels::conv::Variant, tensor::*};
fn rnd(seed: &mut u64) -> f32 {
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    ((*seed >> 40) as f32 / (1u64 << 24) as f32) * 2.0 - 1.0
}
#[test]
fn smoke() {
    pollster::block_on(async {
        let gpu = Gpu::new(&GpuOptions::default()).await.unwrap();
        println!("{:?}", gpu.report());
        for (ic, oc, h, k, s) in [
            (3usize, 32usize, 416usize, 3usize, 2usize),
            (32, 64, 208, 3, 2),
            (64, 64, 104, 3, 1),
            (64, 64, 104, 1, 1),
            (256, 512, 13, 3, 1),
            (512, 256, 13, 1, 1),
            (7, 18, 9, 3, 1),
        ] {
            let mut seed = 1u64;
            let mut b = Builder::new(Shape::new(ic, h, h)).unwrap();
            let conv = Conv {
                filters: oc,
                size: k,
                stride_y: s,
                stride_x: s,
                pad: k / 2,
                dilation: 1,
                groups: 1,
                bias: true,
                epilogue: Epilogue { activation: Activation::Mish, residual: None },
            };
            let c = b.add("c", Some(0), Op::Conv(conv), &[NodeId(0)], None).unwrap();
            let g = b.finish();
            let w: Vec<f32> = (0..oc * ic * k * k).map(|_| rnd(&mut seed) / ((ic * k * k) as f32).sqrt()).collect();
            let p = Params(vec![
                None,
                Some(NodeParams::Conv { weights: w, bias: Some((0..oc).map(|_| rnd(&mut seed)).collect()) }),
            ]);
            let x = Tensor::new(Shape::new(ic, h, h), (0..ic * h * h).map(|_| rnd(&mut seed)).collect()).unwrap();
            let mut first: Option<Tensor> = None;
            for v in [Variant::Direct, Variant::Lanes, Variant::Tiled] {
                for precision in [Precision::F32] {
                    let mut prog = Program::new(
                        &gpu,
                        &g,
                        p.clone(),
                        &ProgramOptions { conv: Some(v), keep: Keep::All, precision, ..Default::default() },
                        &mut |_, _| {},
                    )
                    .await
                    .unwrap();
                    let out = prog.play(&x, &[c]).await.unwrap().nodes.remove(&c).unwrap();
                    let mut best = f64::MAX;
                    for _ in 0..3 {
                        let t = std::time::Instant::now();
                        prog.play(&x, &[]).await.unwrap();
                        best = best.min(t.elapsed().as_secs_f64());
                    }
                    let gflop = 2e-9 * g.macs(c) as f64;
                    let err = first
                        .as_ref()
                        .map(|f| f.data.iter().zip(&out.data).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max));
                    println!(
                        "{ic}->{oc} {h} k{k}s{s} {v:?} {:.2} ms {:.1} GFLOP/s err {err:?}",
                        best * 1e3,
                        gflop / best
                    );
                    if first.is_none() {
                        first = Some(out);
                    }
                }
            }
        }
    });
}
