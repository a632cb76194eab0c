//! Whatever a picture comes as, the same is found in it; what is no picture is told; and nobody's thread is put to sleep.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    path::Path,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use image::DynamicImage;
use wgpu::util::DeviceExt;
use yolov4::{
    Detection, Detections, Detector, DetectorBuilder, Error, ErrorKind, Gpu, Input, Picture, PixelFormat, Pixels,
    PlayerChoice,
    low_level::{
        gpu::GpuOptions,
        host::{Colour, Frame, FrameFormat},
    },
};

const SCENE: &str = "assets/images/rain.jpg";

fn builder() -> DetectorBuilder {
    Detector::builder().model("demo").size((160, 160)).player(PlayerChoice::Gpu)
}

fn gpu() -> Gpu {
    pollster::block_on(Gpu::new(&GpuOptions::default())).expect("a GPU adapter")
}

fn samples(image: &DynamicImage, format: PixelFormat, stride: usize) -> Vec<u8> {
    let rgb = image.to_rgb8();
    let mut rows = Vec::new();
    for row in rgb.rows() {
        let mut line: Vec<u8> = row
            .flat_map(|pixel| {
                let [r, g, b] = pixel.0;
                match format {
                    PixelFormat::Rgb8 => vec![r, g, b],
                    PixelFormat::Rgba8 => vec![r, g, b, 7],
                    PixelFormat::Bgr8 => vec![b, g, r],
                    PixelFormat::Bgra8 => vec![b, g, r, 7],
                    _ => panic!("not tried"),
                }
            })
            .collect();
        // What lies between the rows is not looked at.
        line.resize(line.len().max(stride), 99);
        rows.extend(line);
    }
    rows
}

fn frame(image: &DynamicImage) -> Frame {
    Frame {
        width: image.width() as usize,
        height: image.height() as usize,
        format: FrameFormat::Rgb8,
        colour: Colour::JPEG,
        data: image.to_rgb8().into_raw(),
        pts: Duration::ZERO,
        captured: web_time::Instant::now(),
    }
}

/// Kinds of input other than a path and a texture, by name.
fn every_way(detector: &mut Detector, image: &DynamicImage) -> Vec<(String, Detections)> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let mut found = vec![
        ("DynamicImage".to_owned(), detector.detect(image).unwrap()),
        ("RgbImage".to_owned(), detector.detect(&image.to_rgb8()).unwrap()),
        ("RgbaImage".to_owned(), detector.detect(&image.to_rgba8()).unwrap()),
        ("Picture".to_owned(), detector.detect(Picture::from(image)).unwrap()),
        ("Frame".to_owned(), detector.detect(&frame(image)).unwrap()),
    ];
    for format in [PixelFormat::Rgb8, PixelFormat::Rgba8, PixelFormat::Bgr8, PixelFormat::Bgra8] {
        let stride = width * format.bytes() + 5;
        let data = samples(image, format, stride);
        // The last row may end with its last pixel.
        let pixels = Pixels::new(width, height, format, &data[..data.len() - 5]).with_stride(stride);
        found.push((format!("{format:?} with a stride"), detector.detect(pixels).unwrap()));
    }
    found
}

#[test]
fn the_same_is_found_in_every_kind_of_input() {
    let image = image::open(SCENE).unwrap();
    for player in [PlayerChoice::Gpu, PlayerChoice::Oracle] {
        let mut detector = builder().player(player).build().unwrap();
        let want = detector.detect(SCENE).unwrap();
        assert_eq!(
            (want.image.as_str(), want.width, want.height),
            (SCENE, image.width() as usize, image.height() as usize)
        );
        assert!(want.len() > 1, "{want:?}");
        assert_eq!(detector.detect(Path::new(SCENE)).unwrap(), want);
        for (kind, found) in every_way(&mut detector, &image) {
            assert_eq!(found.image, "", "{kind}");
            assert_eq!(found.detections, want.detections, "{kind} by {player:?}");
        }
        // All at once, two of them after the other.
        let both = detector.detect_batch([Input::from(SCENE), Input::from(&image)]).unwrap();
        assert!(both.iter().all(|found| found.detections == want.detections));
        assert!(detector.detect_batch(Vec::<&str>::new()).unwrap().is_empty());
    }
}

/// A texture of the caller's device.
fn texture(
    gpu: &Gpu,
    image: &DynamicImage,
    usage: wgpu::TextureUsages,
    format: wgpu::TextureFormat,
) -> wgpu::TextureView {
    let size = wgpu::Extent3d { width: image.width(), height: image.height(), depth_or_array_layers: 1 };
    let bgra = format == wgpu::TextureFormat::Bgra8Unorm;
    let data = samples(image, if bgra { PixelFormat::Bgra8 } else { PixelFormat::Rgba8 }, 0);
    let description = wgpu::TextureDescriptor {
        label: None,
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage,
        view_formats: &[],
    };
    let order = wgpu::util::TextureDataOrder::LayerMajor;
    let made = gpu.device().create_texture_with_data(gpu.queue(), &description, order, &data);
    made.create_view(&wgpu::TextureViewDescriptor::default())
}

#[test]
fn a_texture_is_looked_at_where_it_is() {
    let (gpu, image) = (gpu(), image::open(SCENE).unwrap());
    let mut detector = builder().device(gpu.clone()).build().unwrap();
    let other = image::open("assets/images/night.jpg").unwrap();
    let want_of_other = detector.detect(&other).unwrap();
    let want = detector.detect(&image).unwrap();
    assert_ne!(want.detections, want_of_other.detections);
    let bound = wgpu::TextureUsages::TEXTURE_BINDING;
    for format in [wgpu::TextureFormat::Rgba8Unorm, wgpu::TextureFormat::Bgra8Unorm] {
        let view = texture(&gpu, &image, bound, format);
        assert_eq!(detector.detect(&view).unwrap(), want, "{format:?}");
        // What was looked at before is gone.
        let view = texture(&gpu, &other, bound, format);
        assert_eq!(detector.detect(&view).unwrap(), want_of_other, "{format:?}");
    }
    // And back to what is uploaded.
    assert_eq!(detector.detect(&frame(&image)).unwrap(), want);
    assert_eq!(detector.detect(&image).unwrap(), want);

    let unbound = texture(&gpu, &image, wgpu::TextureUsages::RENDER_ATTACHMENT, wgpu::TextureFormat::Rgba8Unorm);
    let error = detector.detect(&unbound).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.to_string().contains("expected the usage TEXTURE_BINDING, found"), "{error}");
    let integers = texture(&gpu, &image, bound, wgpu::TextureFormat::Rgba8Uint);
    let error = detector.detect(&integers).unwrap_err().to_string();
    assert!(error.contains("channels of numbers, found Rgba8Uint"), "{error}");
    let view = texture(&gpu, &image, bound, wgpu::TextureFormat::Rgba8Unorm);
    let error = builder().player(PlayerChoice::Oracle).build().unwrap().detect(&view).unwrap_err().to_string();
    assert!(error.contains("the processor plays"), "{error}");
}

#[test]
fn what_is_no_picture_is_told() {
    let mut detector = builder().player(PlayerChoice::Oracle).build().unwrap();
    let mut told = |input: Input<'_>| {
        let error = detector.detect(input).unwrap_err();
        (error.kind(), error.to_string())
    };
    let (kind, text) = told("no/such.jpg".into());
    assert!(kind == ErrorKind::Io && text.starts_with("no/such.jpg: "), "{text}");
    let (kind, text) = told("Cargo.toml".into());
    assert!(kind == ErrorKind::Image && text.starts_with("Cargo.toml: "), "{text}");
    let bytes = [0; 12 * 3];
    for (pixels, words) in [
        (Pixels::new(4, 3, PixelFormat::Rgba8, &bytes), "rows 16 bytes apart: expected 48 bytes, found 36"),
        (
            Pixels::new(4, 3, PixelFormat::Rgb8, &bytes).with_stride(11),
            "rows of 4 pixels are 12 bytes, but 11 bytes apart",
        ),
        (Pixels::new(0, 3, PixelFormat::Rgb8, &bytes), "0 x 3 pixels: expected at least one"),
        (Pixels::new(usize::MAX, 3, PixelFormat::Rgb8, &bytes), "expected at least one"),
    ] {
        let (kind, text) = told(pixels.into());
        assert!(kind == ErrorKind::Usage && text.contains(words), "{text}");
    }
    let short = Frame { data: vec![0; 5], ..frame(&DynamicImage::new_rgb8(2, 2)) };
    assert_eq!(told(Input::from(&short)).0, ErrorKind::Usage);
}

#[test]
fn a_future_never_puts_its_thread_to_sleep() {
    let image = image::open(SCENE).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let mut building = pin!(builder().build_async());
    assert!(building.as_mut().poll(&mut context).is_pending(), "it was built by the thread that asked");
    let mut detector = pollster::block_on(building).unwrap();
    let want = detector.detect(&image).unwrap();
    let mut looking = pin!(detector.detect_async(&image));
    assert!(matches!(looking.as_mut().poll(&mut context), Poll::Pending), "it has waited for the GPU");
    assert_eq!(pollster::block_on(looking).unwrap(), want);
}

#[test]
fn a_future_that_is_dropped_costs_its_result_alone() {
    let image = image::open(SCENE).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let mut detector = builder().build().unwrap();
    let want = detector.detect(&image).unwrap();
    for _ in 0..3 {
        {
            let mut looking = pin!(detector.detect_async(&image));
            assert!(looking.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(pollster::block_on(detector.detect_async(&image)).unwrap(), want);
        assert_eq!(detector.detect(&image).unwrap(), want);
    }
}

#[test]
fn a_lost_device_is_told_to_those_who_wait_and_to_those_who_do_not() {
    let (gpu, image) = (gpu(), image::open(SCENE).unwrap());
    let mut detector = builder().device(gpu.clone()).build().unwrap();
    detector.detect(&image).unwrap();
    gpu.device().destroy();
    let error = pollster::block_on(detector.detect_async(&image)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeviceLost, "{error}");
    let error = detector.detect(&image).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeviceLost, "{error}");
}

/// Callers whose pictures live longer than their detector is lent.
fn lent<'p>(detector: &mut Detector, picture: impl Into<Input<'p>>) -> usize {
    detector.detect(picture).unwrap().len()
}

#[test]
fn a_detector_is_lent_for_a_call_and_no_longer() {
    let mut detector = builder().player(PlayerChoice::Oracle).build().unwrap();
    let paths: Box<dyn Iterator<Item = &'static Path>> = Box::new([Path::new(SCENE)].into_iter());
    let found = detector.detect_batch(paths).unwrap();
    assert_eq!(lent(&mut detector, SCENE), found[0].len());
}

#[test]
fn labels_are_as_many_as_there_are_classes() {
    let names = |n: usize| (0..n).map(|i| format!("sign {i}")).collect::<Vec<_>>();
    let oracle = || builder().player(PlayerChoice::Oracle);
    let mut detector = oracle().labels(names(10)).build().unwrap();
    let found = detector.detect(SCENE).unwrap();
    assert!(found.iter().all(|d| d.name == format!("sign {}", d.class)), "{found:?}");
    let error = oracle().labels(names(9)).build().unwrap_err().to_string();
    assert_eq!(error, "labels: expected 10 class names for demo, found 9");
    let error = oracle().labels(names(10)).labels_file("signs.names").build().unwrap_err();
    assert!(matches!(&error, Error::Usage(text) if text.contains("signs.names")), "{error}");
}

#[test]
fn detections_are_told_to_others() {
    let mut detector = builder().player(PlayerChoice::Oracle).build().unwrap();
    let found = detector.detect(SCENE).unwrap();
    let read: Detections = serde_json::from_str(&found.to_json().unwrap()).unwrap();
    assert_eq!(read, found);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&found.to_coco(7, 10).unwrap()).unwrap();
    assert_eq!(rows.len(), found.len());
    for (row, d) in rows.iter().zip(&found) {
        assert_eq!((&row["image_id"], &row["category_id"]), (&7.into(), &(d.class + 1).into()));
        assert_eq!(row["bbox"][2].as_f64().unwrap() as f32, d.bbox.w);
    }
    assert_eq!(found.to_yolo().lines().count(), found.len());
    let classes: Vec<usize> = found.clone().into_iter().map(|d: Detection| d.class).collect();
    assert_eq!(classes, found.iter().map(|d| d.class).collect::<Vec<_>>());

    let untouched = image::open(SCENE).unwrap();
    let mut drawn = untouched.clone().into_rgba8();
    found.draw(&mut drawn).unwrap();
    let (x, y) = (found[0].bbox.x as u32 + 1, (found[0].bbox.y + found[0].bbox.h / 2.0) as u32);
    assert_ne!(drawn.get_pixel(x, y), untouched.to_rgba8().get_pixel(x, y), "its edge");
    let mut also = DynamicImage::from(untouched.to_rgba8());
    found.draw(&mut also).unwrap();
    assert_eq!(also.into_rgba8(), drawn);
    let error = found.draw(&mut DynamicImage::new_rgba8(10, 10)).unwrap_err().to_string();
    assert!(error.contains("drawn onto one of 10x10"), "{error}");
}

/// Pictures of several sizes, one that is missing, in batches that do not come out even; and so low a threshold that there is no room for
/// the candidates when the next pictures are on the GPU already.
#[test]
fn one_after_the_other_finds_what_each_alone_does() {
    let scenes =
        ["rain.jpg", "night.jpg", "avenue.jpg", "rain.jpg", "crossing.jpg"].map(|name| format!("assets/images/{name}"));
    let small = image::open(&scenes[1]).unwrap().resize(200, 200, image::imageops::FilterType::Nearest);
    for (batch, threshold) in [(1, 0.25), (2, 0.25), (3, 0.25), (2, 0.0001), (8, 0.25)] {
        let mut alone = builder().score_threshold(threshold).build().unwrap();
        let mut detector = builder().score_threshold(threshold).batch(batch).build().unwrap();
        let mut inputs: Vec<Input<'_>> = scenes.iter().map(Input::from).collect();
        inputs.insert(2, "nowhere.jpg".into());
        inputs.insert(4, (&small).into());
        let wanted: Vec<_> = inputs.clone().into_iter().map(|input| alone.detect(input)).collect();
        let found: Vec<_> = detector.detect_each(inputs.clone()).collect();
        assert_eq!(found.len(), 7);
        for (found, wanted) in found.iter().zip(&wanted) {
            match (found, wanted) {
                (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "batch {batch}, threshold {threshold}"),
                (Err(found), Err(wanted)) => {
                    assert_eq!((found.kind(), found.to_string()), (ErrorKind::Io, wanted.to_string()))
                }
                other => panic!("batch {batch}: {other:?}"),
            }
        }
        // Who loses interest half-way leaves nothing behind for the next picture.
        assert!(detector.detect_each(inputs.clone()).next().unwrap().is_ok());
        assert_eq!(detector.detect(&scenes[4]).unwrap(), *wanted[6].as_ref().unwrap());
        let first = detector.detect_each([&scenes[4], &scenes[0]]).next().unwrap();
        assert_eq!(first.unwrap(), *wanted[6].as_ref().unwrap());
    }
}
