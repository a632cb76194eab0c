//! What goes wrong on the device itself: too small, lost, out of memory. Errors, never zeros.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::path::PathBuf;

use tempfile::TempDir;
use yolov4::{Detector, DetectorBuilder, Error, Gpu, Picture};

/// A network whose first value is `filters` planes of the size of its input.
fn network(dir: &TempDir, size: usize, filters: usize) -> PathBuf {
    let text = format!(
        "[net]\nwidth={size}\nheight={size}\nchannels=3\n\n[convolutional]\nfilters={filters}\nsize=3\npad=1\n\
         activation=mish\n\n[convolutional]\nfilters=8\nsize=3\nstride=2\npad=1\nactivation=mish\n\n[convolutional]\n\
         filters=14\nsize=1\nactivation=linear\n\n[yolo]\nmask=0,1\nanchors=4,6, 9,8\nclasses=2\nnum=2\n"
    );
    let path = dir.path().join("net.cfg");
    std::fs::write(&path, text).unwrap();
    path
}

/// A device with exactly these limits, as a caller would bring one.
fn device(limits: wgpu::Limits) -> Gpu {
    pollster::block_on(async {
        let instance = wgpu::Instance::default();
        let adapter = instance.request_adapter(&wgpu::RequestAdapterOptions::default()).await.expect("a GPU adapter");
        let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
        let (device, queue) = adapter.request_device(&descriptor).await.unwrap();
        Gpu::from_device(device, queue)
    })
}

fn build(builder: DetectorBuilder) -> yolov4::Result<Detector> {
    builder.random_weights(1).build()
}

fn grey() -> Picture {
    Picture { width: 64, height: 64, rgba: vec![128; 64 * 64 * 4] }
}

#[test]
fn what_p6_begins_with_plays_within_the_default_limits() {
    let dir = tempfile::tempdir().unwrap();
    // WebGPU's default: 128 MiB in one binding; 32 x 1280 x 1280 are 200 MiB.
    let gpu = device(wgpu::Limits::default());
    let cfg = network(&dir, 1280, 32);
    let mut detector = build(Detector::builder().model(&cfg).device(gpu.clone()).score_threshold(1.0)).unwrap();
    detector.detect(grey()).unwrap();
    let program = detector.program().unwrap();
    let bands: Vec<usize> = program.graph().iter().filter(|(_, n)| n.shape.w == 1280).map(|(_, n)| n.shape.c).collect();
    assert_eq!(bands, [3, 16, 16, 32], "input, two bands, and what stands for both");
}

#[test]
fn a_value_too_large_for_four_bindings_is_told_with_a_size_that_fits() {
    let dir = tempfile::tempdir().unwrap();
    // Five blocks of channels of 1280 x 1280 fit into one binding, twenty into four.
    let cfg = network(&dir, 1280, 84);
    let gpu = device(wgpu::Limits::default());
    let error = build(Detector::builder().model(&cfg).device(gpu.clone())).unwrap_err();
    assert!(matches!(error, Error::Limit { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "layer 0 [convolutional]: its value needs 550.5 MB in one binding, this adapter allows 134.2 MB; try size 1182 or \
         precision f16"
    );
    // The advice is good.
    let small = || Detector::builder().model(&cfg).device(gpu.clone()).size((1182, 1182));
    let mut detector = build(small().score_threshold(1.0)).unwrap();
    detector.detect(grey()).unwrap();
    // Each of its boxes is above a threshold of 0.01, and nobody compares those with each other.
    let error = build(small().score_threshold(0.01)).unwrap().detect(grey()).unwrap_err().to_string();
    assert!(
        error.contains("boxes: ") && error.contains("allows 131072 candidates; raise the score threshold"),
        "{error}"
    );
}

#[test]
fn a_lost_device_is_an_error_and_stays_one() {
    let dir = tempfile::tempdir().unwrap();
    let gpu = device(wgpu::Limits::default());
    let builder = Detector::builder().model(network(&dir, 64, 8)).device(gpu.clone());
    let mut detector = build(builder.keep_heads(true)).unwrap();
    detector.detect(grey()).unwrap();
    gpu.device().destroy();
    for _ in 0..2 {
        let error = detector.detect(grey()).unwrap_err();
        assert!(matches!(error, Error::DeviceLost(_)), "{error}");
        let error = detector.heads(grey()).unwrap_err();
        assert!(matches!(error, Error::DeviceLost(_)), "{error}");
    }
    let error = build(Detector::builder().model(network(&dir, 64, 8)).device(gpu)).unwrap_err();
    assert!(matches!(error, Error::DeviceLost(_)), "{error}");
}

/// A processor that poses as a GPU is slower than the processor itself: it plays for who names it, or wants what only GPUs have.
#[test]
fn a_driver_in_software_plays_for_who_asks_for_it() {
    let adapters = pollster::block_on(yolov4::low_level::gpu::adapters(None));
    let first = adapters.first().expect("a GPU adapter");
    if !first.software {
        println!("SKIPPED: there is a card, which plays unasked");
        return;
    }
    let scene = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/images/rain.jpg");
    let run = |options: &[&str]| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_yolov4"));
        let out = program.args(["detect", scene, "--model", "demo", "--size", "96"]).args(options).output().unwrap();
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    let (code, said) = run(&[]);
    assert!(code == Some(0) && said.contains("player: the processor"), "{said}");
    assert_eq!(said.matches(&format!("NO GPU ADAPTER (there is only \"{}\"", first.name)).count(), 1, "{said}");
    for options in [["--player", "gpu"], ["--adapter", "0"], ["--backend", &first.backend], ["--tune", "quick"]] {
        let (code, said) = run(&options);
        assert!(code == Some(0) && said.contains("SOFTWARE ADAPTER"), "{options:?}: {said}");
        assert!(!said.contains("NO GPU ADAPTER"), "{options:?}: {said}");
    }
    let (_, said) = run(&["--precision", "f16"]);
    assert!(!said.contains("the processor"), "{said}");
    for option in [["--adapter", "0"], ["--backend", &first.backend], ["--tune", "full"], ["--precision", "f16"]] {
        let (code, said) = run(&[&option[..], &["--player", "cpu"]].concat());
        assert!(code == Some(2) && said.contains(&format!("{} is for GPUs", option[0])), "{option:?}: {said}");
    }
}

/// The program with ever more address space (the software adapter's memory is the host's): until there is enough it
/// says so, and never answers with boxes of zeros.
#[cfg(target_os = "linux")]
#[test]
fn out_of_memory_is_an_error() {
    use std::os::unix::process::ExitStatusExt;

    const SIGABRT: i32 = 6;
    const SIGSEGV: i32 = 11;

    let adapters = pollster::block_on(yolov4::low_level::gpu::adapters(None));
    if !adapters.first().expect("a GPU adapter").software {
        println!("SKIPPED: the memory of a card cannot be taken away from here");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let cfg = network(&dir, 2048, 8);
    let program = env!("CARGO_BIN_EXE_yolov4");
    let run = |line: &str| {
        std::process::Command::new("sh").args(["-c", line]).current_dir(dir.path()).output().expect("a shell")
    };
    assert!(run(&format!("{program} random-weights {} --out net.weights", cfg.display())).status.success());
    image::RgbImage::from_pixel(64, 64, image::Rgb([9, 99, 200])).save(dir.path().join("a.png")).unwrap();
    let detect =
        format!("{program} detect a.png --model net.cfg --weights net.weights --player gpu --conf 0.9 --format json");
    let (mut told, mut ended) = (0, 0);
    // With less the driver's own libraries have hardly room, and end the process while they are loaded.
    for kilobytes in (700_000..=8_000_000).step_by(100_000) {
        let out = run(&format!("ulimit -v {kilobytes}; exec {detect}"));
        let stderr = String::from_utf8_lossy(&out.stderr);
        // A thread that dies before its first instruction, for the language's own runtime has no bytes for it: others do its work.
        let of_runtime = stderr.contains("failed to allocate an alternative stack");
        assert!(of_runtime || !stderr.contains("panicked"), "{stderr}");
        let of_host = out.status.signal() == Some(SIGABRT) && stderr.contains("memory allocation of");
        if out.status.signal() == Some(SIGSEGV) || of_host {
            // Just below what is enough, the host's own memory ends anywhere: llvmpipe does not check what it allocates while it
            // compiles, and Rust ends a process that has no bytes left for a string.
            println!("at {kilobytes} kB the process ends by {}", out.status);
            ended += 1;
            assert!(ended < 3 && told > 0, "it ends whatever is done");
            continue;
        }
        if out.status.success() {
            assert!(told > 0, "memory never ran out");
            return;
        }
        assert!(out.stdout.is_empty() && stderr.contains("error: "), "{kilobytes} kB: {}: {stderr}", out.status);
        told += usize::from(stderr.contains("the GPU is out of memory") && stderr.contains("try a smaller size"));
    }
    panic!("8 GB are not enough for 400 MB of values");
}
