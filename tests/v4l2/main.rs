//! Cameras of Linux against a webcam that is played by the test; no camera is needed, and none is looked for.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod fake;
mod header;

use std::{
    fs, io,
    path::Path,
    time::{Duration, Instant},
};

use fake::{Event, Offer, Stamp, State, TICK, Webcam, offer, put};
use yolov4::low_level::video::{
    CameraMode, Colour, Frame, FrameFormat, Matrix, Next, Range, Siting, Source, mjpeg,
    v4l2::{Camera, V4l2Device, V4l2Io, list::cameras_in, sys::Request},
};

const NODE: &str = "/dev/video0";

fn open(webcam: &Webcam, mode: Option<CameraMode>) -> Camera<Webcam> {
    Camera::open_with(NODE, || webcam.open(), mode).unwrap()
}

fn refusal(webcam: &Webcam, mode: Option<CameraMode>) -> String {
    Camera::open_with(NODE, || webcam.open(), mode).err().expect("a refusal").to_string()
}

fn mode(width: usize, height: usize, fps: f64) -> Option<CameraMode> {
    Some(CameraMode { width, height, fps: Some(fps) })
}

fn frame(camera: &mut Camera<Webcam>) -> Frame {
    match camera.next().unwrap() {
        Next::Frame(frame) => frame,
        other => panic!("{other:?}"),
    }
}

/// A struct of so many bytes with 32-bit words at these offsets.
fn bytes(size: usize, words: &[(usize, u32)]) -> Vec<u8> {
    let mut bytes = vec![0; size];
    for (at, value) in words {
        put(&mut bytes, *at, *value);
    }
    bytes
}

#[test]
fn the_requests_of_an_opening_byte_by_byte() {
    let webcam = Webcam::with(State { offers: vec![offer(b"YUYV", 640, 480, &[30])], ..State::default() });
    let mut camera = open(&webcam, mode(640, 480, 30.0));
    frame(&mut camera);
    drop(camera);
    let yuyv = u32::from_le_bytes(*b"YUYV");
    let buffer = |index: u32| bytes(88, &[(0, index), (4, 1), (60, 1)]);
    let mut expected = vec![
        (Request::QueryCap, bytes(104, &[])),
        (Request::EnumFmt, bytes(64, &[(4, 1)])),
        (Request::EnumFrameSizes, bytes(44, &[(4, yuyv)])),
        (Request::EnumFrameSizes, bytes(44, &[(0, 1), (4, yuyv)])),
        (Request::EnumFrameIntervals, bytes(52, &[(4, yuyv), (8, 640), (12, 480)])),
        (Request::EnumFrameIntervals, bytes(52, &[(0, 1), (4, yuyv), (8, 640), (12, 480)])),
        (Request::EnumFmt, bytes(64, &[(0, 1), (4, 1)])),
        (Request::SFmt, bytes(208, &[(0, 1), (8, 640), (12, 480), (16, yuyv), (20, 1)])),
        (Request::SParm, bytes(204, &[(0, 1), (12, 1), (16, 30)])),
        (Request::ReqBufs, bytes(20, &[(0, 4), (4, 1), (8, 1)])),
    ];
    for index in 0..4 {
        expected.push((Request::QueryBuf, buffer(index)));
        expected.push((Request::QBuf, buffer(index)));
    }
    expected.push((Request::StreamOn, bytes(4, &[(0, 1)])));
    expected.push((Request::DqBuf, buffer(0)));
    expected.push((Request::QBuf, buffer(0)));
    expected.push((Request::StreamOff, bytes(4, &[(0, 1)])));
    assert_eq!(webcam.state().log, expected);
}

#[test]
fn dropping_ends_the_stream_and_unmaps() {
    let webcam = Webcam::default();
    let camera = open(&webcam, None);
    assert_eq!(webcam.stream(), (true, 4));
    drop(camera);
    assert_eq!(webcam.stream(), (false, 0));
}

#[test]
fn what_is_taken_of_what_is_offered() {
    let cases: &[(Option<CameraMode>, &str)] = &[
        (None, "640x480, yuyv422, 30 fps"),
        (mode(640, 480, 30.0), "640x480, yuyv422, 30 fps"),
        (mode(640, 480, 15.0), "640x480, yuyv422, 15 fps"),
        // Uncompressed it would be 10 frames per second.
        (mode(1280, 720, 30.0), "1280x720, mjpeg, 30 fps"),
        (mode(1280, 720, 10.0), "1280x720, yuyv422, 10 fps"),
        (Some(CameraMode { width: 1280, height: 720, fps: None }), "1280x720, mjpeg, 30 fps"),
        (mode(1920, 1080, 30.0), "1280x720, mjpeg, 30 fps; asked for 1920x1080 at 30 fps"),
        (mode(640, 480, 60.0), "640x480, yuyv422, 30 fps; asked for 640x480 at 60 fps"),
        (Some(CameraMode { width: 320, height: 240, fps: None }), "640x480, yuyv422, 30 fps; asked for 320x240"),
    ];
    for (mode, expected) in cases {
        let camera = open(&Webcam::default(), *mode);
        assert_eq!(camera.describe(), format!("/dev/video0 (HD Webcam): {expected}"));
        assert!(camera.live());
    }
    let ntsc = Offer { intervals: vec![(1001, 30000)], ..offer(b"YUYV", 640, 480, &[]) };
    let webcam = Webcam::with(State { offers: vec![offer(b"MJPG", 640, 480, &[30]), ntsc], ..State::default() });
    let camera = open(&webcam, mode(640, 480, 30.0));
    assert_eq!(camera.describe(), "/dev/video0 (HD Webcam): 640x480, yuyv422, 29.97 fps");
    assert!((camera.rate().unwrap() - 30000.0 / 1001.0).abs() < 1e-9);
}

#[test]
fn any_size_and_rate_within_bounds() {
    let any = || Webcam::with(State { stepwise: true, offers: vec![offer(b"NV12", 0, 0, &[])], ..State::default() });
    for (mode, expected) in [
        (None, "640x480, nv12, 30 fps"),
        (mode(416, 416, 24.0), "416x416, nv12, 24 fps"),
        (mode(640, 480, 12.5), "640x480, nv12, 12.5 fps"),
        (mode(3840, 2160, 30.0), "1920x1080, nv12, 30 fps; asked for 3840x2160 at 30 fps"),
        (mode(650, 480, 90.0), "640x480, nv12, 60 fps; asked for 650x480 at 90 fps"),
        (mode(0, 0, f64::NAN), "320x240, nv12, 5 fps; asked for 0x0 at NaN fps"),
    ] {
        let webcam = any();
        let mut camera = open(&webcam, mode);
        assert_eq!(camera.describe(), format!("/dev/video0 (HD Webcam): {expected}"));
        assert!(frame(&mut camera).data == webcam.state().expected(0));
    }
}

#[test]
fn frames_are_what_the_driver_put_in() {
    let formats: &[(&[u8; 4], FrameFormat)] = &[
        (b"YUYV", FrameFormat::Yuyv),
        (b"NV12", FrameFormat::Nv12),
        (b"YU12", FrameFormat::I420),
        (b"GREY", FrameFormat::Gray8),
    ];
    for &(fourcc, format) in formats {
        for padding in [0, 64] {
            let offers = vec![offer(fourcc, 320, 240, &[30])];
            let webcam = Webcam::with(State { offers, padding, ..State::default() });
            let mut camera = open(&webcam, None);
            for n in 0..6 {
                let found = frame(&mut camera);
                found.check().unwrap();
                assert_eq!((found.width, found.height, found.format), (320, 240, format));
                assert!(
                    found.data == webcam.state().expected(n),
                    "{} with padding {padding}, frame {n}",
                    format.name()
                );
            }
        }
    }
}

/// Each JPEG has a length of its own, and comes out as the samples in it.
#[test]
fn a_jpeg_is_as_long_as_the_driver_says_and_is_decoded() {
    let webcam = Webcam::default();
    let mut camera = open(&webcam, mode(1280, 720, 30.0));
    let mut lengths = Vec::new();
    for n in 0..3 {
        let found = frame(&mut camera);
        found.check().unwrap();
        assert_eq!((found.width, found.height), (1280, 720));
        assert_eq!((found.format, found.colour), (FrameFormat::Ycbcr8, Colour::JPEG));
        let jpeg = webcam.state().expected(n);
        let (_, _, _, samples) = mjpeg::decode(&jpeg, "jpeg").unwrap();
        assert!(found.data == samples, "frame {n}");
        lengths.push(jpeg.len());
    }
    assert!(lengths[0] != lengths[1] && lengths[1] != lengths[2], "{lengths:?}");
}

#[test]
fn no_buffer_is_lost_in_500_frames() {
    use Event::{Again, Broken, Frame, Interrupt, PollInterrupt, Short};
    let webcam = Webcam::with(State { offers: vec![offer(b"YUYV", 64, 48, &[30])], ..State::default() });
    let mut camera = open(&webcam, None);
    let (mut frames, mut broken) = (0, 0);
    for n in 0..500 {
        let event = [Frame, Broken, Frame, Short, Frame][n % 5];
        let before = [None, Some(Again), Some(Interrupt), Some(PollInterrupt)][n % 4];
        webcam.state().events.extend(before.into_iter().chain([event]));
        match camera.next().unwrap() {
            Next::Frame(found) => {
                assert_eq!(event, Frame);
                assert!(found.data == webcam.state().expected(n as u32), "frame {n}");
                frames += 1;
            }
            Next::Corrupt(why) => {
                let expected = if event == Broken { "marked" } else { "cut short: expected 6144 bytes, found 3072" };
                assert!(why.contains(expected), "{why}");
                broken += 1;
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(webcam.state().queued.len(), 4, "after frame {n}");
    }
    assert_eq!((frames, broken), (300, 200));
}

#[test]
fn time_stamps_become_instants() {
    // Each frame is stamped 10 ms before the kernel's "now"; how long the test itself takes is not known, only that it is
    // far less than the 1000 s on that clock.
    let aged = Duration::from_millis(10)..Duration::from_secs(4);
    let webcam = Webcam::default();
    let mut camera = open(&webcam, None);
    for n in 0..3 {
        let before = Instant::now();
        let found = frame(&mut camera);
        let age = found.captured.elapsed();
        assert!(aged.contains(&age), "{age:?}");
        let off = before.saturating_duration_since(found.captured);
        assert!(off <= Duration::from_millis(10), "not older than it says, but {off:?}");
        assert!((n == 0) == found.pts.is_zero());
        webcam.state().clock += TICK;
    }

    // Clocks of their own, of the future, or not marked: the time of arrival.
    let stamps: [(bool, Stamp); 4] = [
        (true, |_| Duration::from_secs(5)),
        (true, |_| Duration::from_secs(5000)),
        (true, |_| Duration::ZERO),
        (false, |_| Duration::from_millis(999_000)),
    ];
    for (monotonic, stamp) in stamps {
        let webcam = Webcam::with(State { monotonic, stamp, ..State::default() });
        let mut camera = open(&webcam, None);
        let before = Instant::now();
        let found = frame(&mut camera);
        assert!(found.captured >= before && found.captured <= Instant::now());
    }
}

#[test]
fn presentation_times_never_run_back() {
    let webcam =
        Webcam::with(State { stamp: |n| Duration::from_millis(999_990 - 100 * u64::from(n % 3)), ..State::default() });
    let mut camera = open(&webcam, None);
    let mut last = Duration::ZERO;
    for _ in 0..9 {
        let found = frame(&mut camera);
        assert!(found.pts >= last);
        last = found.pts;
    }
}

#[test]
fn colours_by_the_rules_of_the_kernel() {
    let (b601, b709) = (Matrix::Bt601, Matrix::Bt709);
    let (full, limited) = (Range::Full, Range::Limited);
    // colorspace, ycbcr_enc, quantization
    let cases = [
        ((8, 0, 0), (b601, limited)),
        ((0, 0, 0), (b601, limited)),
        ((3, 0, 0), (b709, limited)),
        ((1, 0, 0), (b601, limited)),
        ((7, 0, 0), (b601, full)),
        ((8, 0, 1), (b601, full)),
        ((7, 0, 2), (b601, limited)),
        ((8, 2, 0), (b709, limited)),
        ((3, 1, 0), (b601, limited)),
        ((12, 0, 0), (b709, limited)),
        ((10, 0, 0), (b709, limited)),
        ((8, 3, 0), (b601, limited)),
        ((8, 4, 0), (b709, limited)),
    ];
    for ((colorspace, ycbcr_enc, quantization), (matrix, range)) in cases {
        let webcam = Webcam::with(State { colorspace, ycbcr_enc, quantization, ..State::default() });
        let found = frame(&mut open(&webcam, None)).colour;
        assert_eq!(found, Colour { matrix, range, siting: Siting::Left }, "{colorspace} {ycbcr_enc} {quantization}");
    }
}

#[test]
fn refusals_in_plain_words() {
    for (errno, words) in [
        (libc::ENOENT, "there is no such camera"),
        (libc::EACCES, "sudo usermod -aG video $USER"),
        (libc::EBUSY, "another program uses the camera"),
        (libc::ENODEV, "was unplugged"),
    ] {
        let refused: io::Result<Webcam> = Err(io::Error::from_raw_os_error(errno));
        let said = Camera::open_with(NODE, || refused, None).err().unwrap().to_string();
        assert!(said.starts_with("/dev/video0: ") && said.contains(words), "{said}");
    }
    for (request, errno, words) in [
        (Request::StreamOn, libc::EBUSY, "another program uses the camera"),
        (Request::SFmt, libc::EBUSY, "another program uses the camera"),
        (Request::QueryCap, libc::ENOTTY, "expected a camera"),
        (Request::ReqBufs, libc::ENOMEM, "asking for buffers failed"),
        (Request::StreamOn, libc::ENOSPC, "starting the stream failed"),
        (Request::QueryBuf, libc::ENODEV, "was unplugged"),
    ] {
        let webcam = Webcam::with(State { refuse: vec![(request, errno)], ..State::default() });
        let said = refusal(&webcam, None);
        assert!(said.starts_with("/dev/video0") && said.contains(words), "{said}");
        assert_eq!(webcam.stream(), (false, 0), "{request:?}: all is given back");
    }
    // A rate that cannot be set is no reason to refuse.
    let webcam = Webcam::with(State { refuse: vec![(Request::SParm, libc::ENOTTY)], ..State::default() });
    frame(&mut open(&webcam, None));
}

#[test]
fn nodes_that_are_no_cameras() {
    // The device can capture, but this node gives metadata.
    let webcam = Webcam::with(State { caps: (0x84a0_0001, 0x04a0_0000), ..State::default() });
    assert!(refusal(&webcam, None).contains("HD Webcam is a node of another kind"));
    // An old driver that says nothing of the node.
    let webcam = Webcam::with(State { caps: (0x0400_0001, 0), ..State::default() });
    frame(&mut open(&webcam, None));
    // Only formats that are not known.
    let webcam = Webcam::with(State { offers: vec![offer(b"H264", 640, 480, &[30])], ..State::default() });
    let said = refusal(&webcam, None);
    assert!(said.contains("expected one of the pixel formats YUYV, NV12"), "{said}");
}

#[test]
fn silence_is_an_error_after_five_seconds() {
    let webcam = Webcam::with(State { events: [Event::Silence].into(), ..State::default() });
    let mut camera = open(&webcam, None);
    let said = camera.next().unwrap_err().to_string();
    assert!(said.contains("no frame for 5 s"), "{said}");
    let waited = webcam.state().polls[0];
    assert!(waited > Duration::from_secs(1) && waited <= Duration::from_secs(5), "{waited:?}");
}

#[test]
fn a_driver_that_errs_is_not_believed() {
    let webcam = Webcam::with(State { events: [Event::Stray].into(), ..State::default() });
    let said = open(&webcam, None).next().unwrap_err().to_string();
    assert!(said.contains("expected buffer 0 to 3, the driver gave 17"), "{said}");
}

#[test]
fn unplugged_and_plugged_in_again_ten_times() {
    for round in 0..10 {
        let webcam = Webcam::default();
        let mut camera = open(&webcam, None);
        for n in 0..=round {
            assert!(frame(&mut camera).data == webcam.state().expected(n));
        }
        webcam.state().events.push_back(Event::Gone);
        webcam.state().refuse.push((Request::StreamOff, libc::ENODEV));
        for _ in 0..2 {
            let said = camera.next().unwrap_err().to_string();
            assert!(said.contains("/dev/video0 (HD Webcam): the camera was unplugged"), "{said}");
        }
        drop(camera);
        assert_eq!(webcam.state().mapped, 0);
        let gone: io::Result<Webcam> = Err(io::Error::from_raw_os_error(libc::ENOENT));
        assert!(Camera::open_with(NODE, || gone, None).is_err());
    }
}

/// The real way to the kernel, as far as it goes without a camera.
#[test]
fn nodes_of_the_system() {
    let said = Camera::open(Path::new("/dev/null"), None).unwrap_err().to_string();
    assert!(said.starts_with("/dev/null: expected a camera"), "{said}");
    let said = Camera::open(Path::new("/dev/video-none"), None).unwrap_err().to_string();
    assert!(said.contains("there is no such camera"), "{said}");

    let mut zero = V4l2Device::open(Path::new("/dev/zero")).unwrap();
    let buffer = zero.map(0, 4096).unwrap();
    let mut into = [1; 96];
    zero.copy(buffer, 4000, &mut into).unwrap();
    assert_eq!(into, [0; 96]);
    for (buffer, from) in [(buffer, 4001), (buffer, usize::MAX), (buffer + 1, 0)] {
        assert_eq!(zero.copy(buffer, from, &mut into).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
    assert_eq!(zero.ioctl(Request::QueryCap, &mut [0; 103]).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    let user_memory = &mut bytes(20, &[(0, 4), (4, 1), (8, 2)]);
    assert_eq!(zero.ioctl(Request::ReqBufs, user_memory).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert!(zero.poll(Duration::from_secs(5)).unwrap());
    let (outer, clock, inner) = (Instant::now(), zero.monotonic(), Instant::now());
    std::thread::sleep(Duration::from_millis(20));
    let (inside, passed, outside) = (inner.elapsed(), zero.monotonic() - clock, outer.elapsed());
    assert!(inside <= passed && passed <= outside, "one clock: {inside:?}, {passed:?}, {outside:?}");
    zero.unmap();
    assert!(zero.copy(buffer, 0, &mut into).is_err());
}

#[test]
fn the_list_of_cameras() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["video10", "video2", "video0", "video1", "videoX", "null", "video3"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let open = |path: &Path| match path.file_name().unwrap().to_str().unwrap() {
        "video0" => Err(io::Error::from_raw_os_error(libc::EACCES)),
        // Its metadata.
        "video3" => Ok(Webcam::with(State { caps: (0x84a0_0001, 0x04a0_0000), ..State::default() })),
        "video1" => Err(io::Error::from_raw_os_error(libc::ENODEV)),
        "video2" | "video10" => Ok(Webcam::default()),
        other => panic!("{other}"),
    };
    let found = cameras_in(folder.path(), open).unwrap();
    let places: Vec<_> = found.iter().map(|c| (c.number, c.path.rsplit('/').next().unwrap())).collect();
    assert_eq!(places, [(0, "video2"), (1, "video10")]);
    assert_eq!((found[0].name.as_str(), found[0].bus.as_str()), ("HD Webcam", "usb-0000:00:14.0-1.2"));
    let formats: Vec<_> = found[0].formats.iter().map(|f| (f.format.as_str(), f.width, f.fps.clone())).collect();
    let expected = [
        ("mjpeg", 1280, vec![30.0]),
        ("mjpeg", 640, vec![30.0]),
        ("yuyv422", 640, vec![30.0, 15.0]),
        ("yuyv422", 1280, vec![10.0]),
    ];
    assert_eq!(formats, expected);
    let json = serde_json::to_string(&found[0].formats[0]).unwrap();
    assert_eq!(json, r#"{"format":"mjpeg","width":1280,"height":720,"fps":[30.0]}"#);

    let none = cameras_in(folder.path(), |_| Err::<Webcam, _>(io::Error::from_raw_os_error(libc::EACCES)));
    assert!(none.unwrap_err().to_string().contains("group video"));
    let empty = tempfile::tempdir().unwrap();
    assert!(cameras_in(empty.path(), |_| Err::<Webcam, _>(io::Error::other("not asked"))).unwrap().is_empty());
}
