//! Video frames on the GPU: every format against the standards' equations, the order that boxes are drawn in, and what is
//! drawn against the program that draws on the host.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::time::{Duration, Instant};

use yolov4::{
    Gpu, Precision, ResizeMode,
    low_level::{
        gpu::{Drawn, FrameKind, FrameTexture, GpuOptions, Pipelines, Program, ProgramOptions, Rank},
        graph::{Builder, Keep, NodeId, Params},
        host::{Candidate, Colour, Frame, FrameFormat, Matrix, NmsKind, Placement, Range, Siting, Thresholds},
        model::random::Random,
        oracle,
        tensor::Shape,
    },
};

const FORMATS: [FrameFormat; 9] = [
    FrameFormat::Rgb8,
    FrameFormat::Rgba8,
    FrameFormat::Gray8,
    FrameFormat::Ycbcr8,
    FrameFormat::I420,
    FrameFormat::I422,
    FrameFormat::I444,
    FrameFormat::Nv12,
    FrameFormat::Yuyv,
];

fn gpu() -> Gpu {
    pollster::block_on(Gpu::new(&GpuOptions::default())).expect("a GPU adapter")
}

fn frame(format: FrameFormat, (width, height): (usize, usize), colour: Colour, data: Vec<u8>) -> Frame {
    Frame { width, height, format, colour, data, pts: Duration::ZERO, captured: Instant::now() }
}

/// What the GPU makes of a frame, as bytes of RGB: through a network that is nothing but its input, of the same size.
fn on_gpu(gpu: &Gpu, frame: &Frame) -> Vec<u8> {
    let shape = Shape::new(3, frame.height, frame.width);
    let graph = Builder::new(shape).unwrap().finish();
    let options = ProgramOptions { keep: Keep::All, ..Default::default() };
    let mut program =
        pollster::block_on(Program::new(gpu, &graph, Params::default(), &options, &mut |_, _| {})).unwrap();
    let mut pipelines = Pipelines::new(gpu, Precision::F32, true);
    let texture = pollster::block_on(FrameTexture::new(gpu, &mut pipelines, FrameKind::from(frame))).unwrap();
    texture.upload(gpu, frame).unwrap();
    let feed = program.feed(texture.view()).unwrap();
    let placement = Placement::new(ResizeMode::DarknetVideo, false, frame.width, frame.height, shape);
    let thresholds = Thresholds {
        score_threshold: 0.5,
        iou_threshold: 0.5,
        kind: NmsKind::Iou,
        agnostic: false,
        extent: (1.0, 1.0),
    };
    program.set_frame(&placement, &thresholds);
    let mut encoder = gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        texture.record(&mut pass);
        program.record_heads(&mut pass, &feed);
    }
    gpu.queue().submit([encoder.finish()]);
    let values = pollster::block_on(program.values(&[NodeId(0)])).unwrap();
    let plane = frame.width * frame.height;
    let data = &values[&NodeId(0)].data;
    (0..plane).flat_map(|i| [0, 1, 2].map(|c| (data[c * plane + i] * 255.0).round() as u8)).collect()
}

fn rgb(frame: &Frame) -> Vec<u8> {
    oracle::to_rgba(frame).rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect()
}

/// The largest difference, and where.
fn differs(got: &[u8], want: &[u8]) -> (u8, usize) {
    assert_eq!(got.len(), want.len());
    let all = got.iter().zip(want).enumerate().map(|(i, (a, b))| (a.abs_diff(*b), i));
    all.max().expect("pixels")
}

#[test]
fn every_format_is_what_the_standard_says_on_ramps_and_noise() {
    let gpu = gpu();
    let mut random = Random::new(11);
    let mut count = 0;
    for size in [(32, 18), (33, 17), (1, 1), (2, 5), (7, 2)] {
        for format in FORMATS {
            let bytes = format.bytes(size.0, size.1).unwrap();
            let ramp: Vec<u8> = (0..bytes).map(|i| (i * 255 / bytes.max(2)) as u8).collect();
            let noise: Vec<u8> = (0..bytes).map(|_| random.bits() as u8).collect();
            for matrix in [Matrix::Bt601, Matrix::Bt709] {
                for range in [Range::Limited, Range::Full] {
                    for siting in [Siting::Left, Siting::Center] {
                        let colour = Colour { matrix, range, siting };
                        for data in [&ramp, &noise] {
                            let frame = frame(format, size, colour, data.clone());
                            let (most, at) = differs(&on_gpu(&gpu, &frame), &rgb(&frame));
                            assert!(most <= 1, "{size:?} {format:?} {colour:?}: {most} at byte {at}");
                            count += 1;
                        }
                    }
                }
            }
        }
    }
    println!("{count} frames, no sample further than 1 of 255");
}

/// Bars whose values the standards print (BT.601-7 and BT.709-6: 75 % bars at 8 bits, limited range).
#[test]
fn known_colours_come_out_as_they_went_in() {
    let gpu = gpu();
    let limited = |matrix| Colour { matrix, range: Range::Limited, siting: Siting::Left };
    for (colour, yuv, want) in [
        (limited(Matrix::Bt601), [16, 128, 128], [0, 0, 0]),
        (limited(Matrix::Bt601), [235, 128, 128], [255, 255, 255]),
        (limited(Matrix::Bt601), [81, 90, 240], [254, 0, 0]),
        (limited(Matrix::Bt601), [145, 54, 34], [0, 255, 1]),
        (limited(Matrix::Bt601), [41, 240, 110], [0, 0, 255]),
        (limited(Matrix::Bt709), [63, 102, 240], [255, 1, 0]),
        (limited(Matrix::Bt709), [173, 42, 26], [0, 255, 1]),
        (limited(Matrix::Bt709), [32, 240, 118], [1, 0, 255]),
        (Colour::JPEG, [76, 85, 255], [254, 0, 0]),
        (Colour::JPEG, [255, 128, 128], [255, 255, 255]),
    ] {
        let frame = frame(FrameFormat::Ycbcr8, (1, 1), colour, yuv.to_vec());
        let got = on_gpu(&gpu, &frame);
        assert!(differs(&got, &want).0 <= 1, "{colour:?} {yuv:?}: {got:?} instead of {want:?}");
    }
}

#[test]
fn a_frame_of_another_length_is_refused() {
    let gpu = gpu();
    let mut pipelines = Pipelines::new(&gpu, Precision::F32, true);
    let short = frame(FrameFormat::I420, (16, 16), Colour::default(), vec![0; 383]);
    let texture = pollster::block_on(FrameTexture::new(&gpu, &mut pipelines, FrameKind::from(&short))).unwrap();
    let refused = texture.upload(&gpu, &short).unwrap_err().to_string();
    assert!(refused.contains("expected 384 bytes") && refused.contains("found 383"), "{refused}");
    let wide = frame(FrameFormat::Gray8, (100_000, 1), Colour::default(), vec![0; 100_000]);
    let kind = FrameKind::from(&wide);
    let refused = pollster::block_on(FrameTexture::new(&gpu, &mut pipelines, kind)).unwrap_err().to_string();
    assert!(refused.contains("100000x1"), "{refused}");
}

#[test]
fn boxes_are_drawn_in_the_order_of_the_oracle() {
    let gpu = gpu();
    let mut pipelines = Pipelines::new(&gpu, Precision::F32, true);
    let mut random = Random::new(17);
    // The last: beyond 65,535 rounds of a loop llvmpipe leaves it; the kernel must not need as many.
    for (count, most) in [(0, 10), (1, 10), (200, 1024), (200, 7), (2000, 1024), (70_000, 64)] {
        // From the last to the first, so that those with the lower numbers lie at the end.
        let kept: Vec<Candidate> = (0..count)
            .rev()
            .map(|i| Candidate {
                // Few scores, so that ties are broken by number and class.
                score: (random.bits() % 50) as f32 / 50.0,
                class: i % 5,
                index: i / 5,
                ..Candidate::default()
            })
            .collect();
        let mut bytes = vec![0_u8; 32];
        bytes[..4].copy_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(bytemuck::cast_slice(&kept));
        let capacity = (count as usize).next_multiple_of(1024).max(1024);
        bytes.resize(32 * (1 + capacity), 0);
        let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: bytes.len() as u64,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        gpu.queue().write_buffer(&buffer, 0, &bytes);
        let drawn = Drawn { most, quads: 9 };
        let rank = pollster::block_on(Rank::new(&gpu, &mut pipelines, &buffer, capacity, drawn)).unwrap();
        // Twice: the second frame starts from cleared counters.
        for _ in 0..2 {
            let mut encoder = gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            rank.clear(&mut encoder);
            rank.record(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()));
            gpu.queue().submit([encoder.finish()]);
        }
        let want = oracle::rank(&kept, most);
        let (got, args) = pollster::block_on(rank.read(&gpu)).unwrap();
        let wrong = got.iter().zip(&want).find(|(g, w)| g != w);
        assert!(wrong.is_none() && got.len() == want.len(), "{count} boxes, {most} at most: {wrong:?}");
        assert_eq!(args, [6, 9 * want.len() as u32, 0, 0], "arguments of the draw");
    }
}
