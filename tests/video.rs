//! Sources against ffmpeg's own frames: every kind of file, broken ones, pipes, and cameras that come and go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "common/clips.rs"]
mod clips;

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::Command,
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use clips::{all, clip, decoded, exhaust, ffmpeg, have_ffmpeg, open_file, sound};
use proptest::prelude::*;
use tempfile::TempDir;
use yolov4::low_level::video::{
    ByteStream, Colour, Frame, FrameFormat, Next, OpenOptions, Range, Reconnect, Siting, Source, Spec, Stopper,
    ffmpeg::Ffmpeg,
    mjpeg::{self, Mjpeg},
    open,
    y4m::Y4m,
};

#[test]
fn y4m_is_what_ffmpeg_wrote() {
    if !have_ffmpeg() {
        return;
    }
    let (w, h) = (99, 67);
    for (pix, format, siting) in [
        ("yuv420p", FrameFormat::I420, Siting::Center),
        ("yuv422p", FrameFormat::I422, Siting::Left),
        ("yuv444p", FrameFormat::I444, Siting::Left),
        ("gray", FrameFormat::Gray8, Siting::Left),
    ] {
        let test = "mandelbrot=size=99x67:rate=30000/1001 -frames:v 7";
        let (_folder, path) = clip("a.y4m", &format!("{test} -pix_fmt {pix} -f yuv4mpegpipe"));
        let want = decoded(&path, pix, format.bytes(w, h).unwrap());
        let mut source = open_file(&path);
        for round in 0..2 {
            let got = sound(source.as_mut());
            assert_eq!(got.len(), 7, "{pix}");
            for (i, (frame, want)) in got.iter().zip(&want).enumerate() {
                assert_eq!((frame.width, frame.height, frame.format), (w, h, format), "{pix}");
                assert!(frame.data == *want, "{pix}: frame {i} of round {round}");
                assert_eq!(frame.pts.as_nanos(), i as u128 * 1001 * 1_000_000_000 / 30000);
                assert_eq!(frame.colour.siting, siting, "{pix}");
            }
            assert!(source.rewind().unwrap());
        }
        assert!(source.describe().contains("99x67"), "{}", source.describe());
        assert!((source.rate().unwrap() - 29.97).abs() < 0.01);
        // Cut in the last frame.
        let bytes = fs::read(&path).unwrap();
        let mut cut =
            Y4m::new(ByteStream::new("cut", std::io::Cursor::new(bytes[..bytes.len() - 1].to_vec()))).unwrap();
        let found = all(&mut cut);
        assert_eq!((found.len(), found.iter().filter(|f| f.is_err()).count()), (7, 1), "{pix}");
        assert!(found[6].as_ref().unwrap_err().contains("cut off"), "{pix}");
    }
}

/// Twice as many samples, each three parts its own and one part its neighbour's (JFIF's "fancy" filter), by `step`.
fn doubled(line: &[f64]) -> Vec<f64> {
    let at = |i: usize, d: isize| line[i.saturating_add_signed(d).min(line.len() - 1)];
    (0..2 * line.len()).map(|i| 0.75 * at(i / 2, 0) + 0.25 * at(i / 2, if i % 2 == 0 { -1 } else { 1 })).collect()
}

/// A plane of chroma at full size.
fn full(plane: &[u8], width: usize, across: bool, down: bool) -> Vec<Vec<f64>> {
    let rows = plane.chunks(width).map(|row| row.iter().map(|v| f64::from(*v)).collect::<Vec<f64>>());
    let rows: Vec<Vec<f64>> = rows.map(|row| if across { doubled(&row) } else { row }).collect();
    if !down {
        return rows;
    }
    let columns: Vec<Vec<f64>> =
        (0..rows[0].len()).map(|x| doubled(&rows.iter().map(|row| row[x]).collect::<Vec<f64>>())).collect();
    (0..2 * rows.len()).map(|y| columns.iter().map(|column| column[y]).collect()).collect()
}

#[test]
fn mjpeg_is_what_ffmpeg_decodes_but_for_the_rounding_of_its_transform() {
    if !have_ffmpeg() {
        return;
    }
    let (w, h) = (99, 67);
    // Measured: planes of full size 1 at most, 0.025 in the mean; chroma brought to full size 1.57 and 0.39, which is the
    // rounding of its filter.
    for (pix, format) in
        [("yuvj444p", FrameFormat::I444), ("yuvj422p", FrameFormat::I422), ("yuvj420p", FrameFormat::I420)]
    {
        let source = "mandelbrot=size=99x67:rate=10 -frames:v 6 -c:v mjpeg -q:v 3";
        let (_folder, path) = clip("a.mjpeg", &format!("{source} -strict unofficial -pix_fmt {pix} -f mjpeg"));
        let want = decoded(&path, pix, format.bytes(w, h).unwrap());
        let mut source = open_file(&path);
        let got = sound(source.as_mut());
        assert_eq!((got.len(), want.len()), (6, 6), "{pix}");
        let (sx, sy) = format.chroma();
        let (cw, ch) = (w.div_ceil(sx), h.div_ceil(sy));
        for (i, (frame, want)) in got.iter().zip(&want).enumerate() {
            assert_eq!(frame.pts, Duration::from_secs_f64(i as f64 / 30.0));
            assert_eq!(frame.colour, Colour::JPEG);
            assert_eq!((frame.width, frame.height, frame.format), (w, h, FrameFormat::Ycbcr8), "{pix}");
            for plane in 0..3 {
                let reference = match plane {
                    0 => full(&want[..w * h], w, false, false),
                    n => full(&want[w * h + (n - 1) * cw * ch..][..cw * ch], cw, sx == 2, sy == 2),
                };
                // What lies beyond an odd edge is in the file, and not in ffmpeg's planes.
                let (cols, rows) = if plane == 0 { (w, h) } else { (w - 1, h - 1) };
                let off = |x: usize, y: usize| (f64::from(frame.data[(y * w + x) * 3 + plane]) - reference[y][x]).abs();
                let offs: Vec<f64> = (0..cols * rows).map(|n| off(n % cols, n / cols)).collect();
                let (max, mean) =
                    (offs.iter().fold(0.0, |a: f64, b| a.max(*b)), offs.iter().sum::<f64>() / offs.len() as f64);
                println!("{pix} frame {i} plane {plane}: largest difference {max}, mean {mean:.4}");
                let (most, usual) = if plane == 0 || sx == 1 { (2.0, 0.05) } else { (3.0, 0.6) };
                assert!(max <= most && mean <= usual, "{pix} frame {i} plane {plane}: {max}, {mean}");
            }
        }
        assert!(source.rewind().unwrap());
        assert_eq!(sound(source.as_mut()).len(), 6);
    }
}

#[test]
fn gray_and_cmyk_jpegs_are_decoded_too() {
    let pixels: Vec<u8> = (0..24 * 17).map(|i| (i / 24 * 15) as u8).collect();
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 100);
    encoder.encode(&pixels, 24, 17, image::ExtendedColorType::L8).unwrap();
    let (width, height, format, data) = mjpeg::decode(&bytes, "gray").unwrap();
    assert_eq!((width, height, format), (24, 17, FrameFormat::Gray8));
    assert!(data.iter().zip(&pixels).all(|(d, p)| d.abs_diff(*p) <= 2));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cmyk.jpg");
    let want = image::open(&path).unwrap().to_rgb8();
    let (width, height, format, data) = mjpeg::decode(&fs::read(&path).unwrap(), "cmyk").unwrap();
    assert_eq!((width as u32, height as u32, format), (want.width(), want.height(), FrameFormat::Rgb8));
    assert!(data == want.into_raw());
    let cut = mjpeg::decode(&bytes[..bytes.len() / 2], "half").unwrap_err().to_string();
    assert!(cut.starts_with("half: cannot be decoded"), "{cut}");
}

#[test]
fn a_broken_picture_does_not_end_the_stream() {
    if !have_ffmpeg() {
        return;
    }
    let source = "testsrc2=size=160x120:rate=10 -frames:v 9 -c:v mjpeg -pix_fmt yuvj420p -f mjpeg";
    let (_folder, path) = clip("a.mjpeg", source);
    let whole = fs::read(&path).unwrap();
    let starts: Vec<usize> =
        whole.windows(3).enumerate().filter(|(_, w)| w == b"\xff\xd8\xff").map(|(i, _)| i).collect();
    assert_eq!(starts.len(), 9);
    let read = |bytes: Vec<u8>| all(&mut Mjpeg::new(ByteStream::new("bytes", std::io::Cursor::new(bytes)), 30.0));
    let clean = read(whole.clone());
    let frames = |found: &[Result<Frame, String>]| -> Vec<Vec<u8>> {
        found.iter().filter_map(|f| f.as_ref().ok().map(|f| f.data.clone())).collect()
    };
    let want = frames(&clean);
    // Picture 4 loses its second half: it is corrupt, and the ones around it are untouched.
    let middle = (starts[4] + starts[5]) / 2;
    let found = read([&whole[..middle], &whole[starts[5]..]].concat());
    assert_eq!(found.iter().filter(|f| f.is_err()).count(), 1, "{:?}", found.iter().filter(|f| f.is_err()).count());
    assert_eq!(frames(&found), [&want[..4], &want[5..]].concat());
    // Its header is overwritten, then everything from its header on up to the middle of its scan.
    for (from, to) in [(starts[4], starts[4] + 40), (starts[4] + 2, middle)] {
        for value in [0, 0xff, 0x55] {
            let mut bytes = whole.clone();
            bytes[from..to].fill(value);
            let found = frames(&read(bytes));
            assert!(found.len() == 8 || found.len() == 9, "{value}: {}", found.len());
            assert_eq!(found[..4], want[..4]);
            assert_eq!(found[found.len() - 4..], want[5..]);
        }
    }
    // Garbage between pictures, and the end in the middle of one.
    let mut bytes = Vec::new();
    for (i, start) in starts.iter().enumerate() {
        bytes.extend(b"\r\n--part\r\nContent-Type: image/jpeg\r\n\r\n");
        bytes.extend(&whole[*start..starts.get(i + 1).copied().unwrap_or(whole.len() - 100)]);
    }
    let found = read(bytes);
    assert_eq!(frames(&found), want[..8]);
    assert!(found.last().unwrap().as_ref().unwrap_err().contains("cut off"));
}

#[test]
fn what_is_not_read_here_comes_through_ffmpeg() {
    if !have_ffmpeg() {
        return;
    }
    let (folder, path) = clip("a%3d [1].avi", "testsrc2=size=64x48:rate=12 -frames:v 10 -c:v ffv1 -pix_fmt yuv420p");
    let want = decoded(&path, "yuv420p", 64 * 48 * 3 / 2);
    let mut source = open_file(&path);
    assert!(source.describe().contains("64x48, 12 fps"), "{}", source.describe());
    assert!(!source.live());
    for _ in 0..2 {
        let got = sound(source.as_mut());
        assert_eq!(got.len(), 10);
        for (i, (frame, want)) in got.iter().zip(&want).enumerate() {
            assert!(frame.data == *want, "frame {i}");
            assert_eq!(frame.pts.as_millis(), i as u128 * 1000 / 12);
        }
        assert!(source.rewind().unwrap());
    }
    // Full range is brought to limited range on the way, or said to be full.
    let (_folder, full) = clip("full.avi", "color=white:size=64x48:rate=5 -frames:v 2 -c:v mjpeg -pix_fmt yuvj420p");
    let frame = sound(open_file(&full).as_mut()).remove(0);
    let white = if frame.colour.range == Range::Full { 255 } else { 235 };
    assert!(frame.data[0].abs_diff(white) <= 1, "{} in {:?}", frame.data[0], frame.colour.range);

    let refused = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = open(&Spec::File(path), &OpenOptions::default()).err().unwrap().to_string();
        assert!(error.contains(name), "{error}");
        error
    };
    assert!(refused("text.mp4", b"not a video at all, but a text").contains("Invalid data"));
    assert!(refused("empty.mp4", b"").contains("is empty"));
    assert!(refused("deep.y4m", b"YUV4MPEG2 W8 H8 F1:1 C420p10\n").contains("C420p10"));
    let missing = open(&Spec::File(folder.path().join("none.mp4")), &OpenOptions::default()).err().unwrap();
    assert!(missing.to_string().contains("none.mp4: No such file"), "{missing}");
    let refused = Ffmpeg::stream("http://me:secret@127.0.0.1:1/a").err().unwrap().to_string();
    assert!(refused.contains("Connection refused") && !refused.contains("secret"), "{refused}");
}

#[test]
fn a_missing_ffmpeg_is_named_with_the_way_to_get_it() {
    const NOWHERE: &str = "/nonexistent/ffmpeg";
    if std::env::var_os("YOLOV4_FFMPEG").is_none_or(|v| v != NOWHERE) {
        // The environment is the process's: another one is asked.
        let name = "a_missing_ffmpeg_is_named_with_the_way_to_get_it";
        let mut command = Command::new(std::env::current_exe().unwrap());
        let output = command.args(["--exact", name]).env("YOLOV4_FFMPEG", NOWHERE).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    for error in [
        Ffmpeg::stream("lavfi:testsrc").err().unwrap(),
        open(&Spec::Stream("rtsp://127.0.0.1/".into()), &OpenOptions::default()).err().unwrap(),
    ] {
        let error = error.to_string();
        assert!(error.contains(NOWHERE) && error.contains("install ffmpeg"), "{error}");
    }
}

#[test]
fn sources_are_told_apart() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str| {
        let path = folder.path().join(name);
        fs::write(&path, "x").unwrap();
        path
    };
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let parse = |text: &str| Spec::parse(Some(text)).unwrap();
    assert_eq!(Spec::parse(None).unwrap(), Spec::Camera(None));
    assert_eq!(parse("camera:"), Spec::Camera(None));
    for name in ["0", "12", "/dev/video2"] {
        assert_eq!(parse(name), Spec::Camera(Some(name.into())));
    }
    assert_eq!(parse("camera:HD Cam"), Spec::Camera(Some("HD Cam".into())));
    assert_eq!(parse("screen"), Spec::Screen(None));
    assert_eq!(parse("screen::1"), Spec::Screen(Some(":1".into())));
    assert_eq!(parse("screen.mp4"), Spec::File("screen.mp4".into()));
    assert_eq!(parse("-"), Spec::Stdin);
    for address in ["rtsp://a/b", "http://a/b.jpg", "lavfi:testsrc=size=64x48"] {
        assert_eq!(parse(address), Spec::Stream(address.into()));
    }
    assert_eq!(parse("people.mp4"), Spec::File("people.mp4".into()));
    assert_eq!(parse("photo.JPG"), Spec::Pictures(vec!["photo.JPG".into()]));
    let (a, b) = (file("a.jpg"), file("b.png"));
    assert_eq!(parse(&text(folder.path())), Spec::Pictures(vec![a.clone(), b.clone()]));
    let video = file("c [1].mp4");
    assert_eq!(parse(&text(&video)), Spec::File(video.clone()));
    assert_eq!(parse(&text(&folder.path().join("c*"))), Spec::File(video));
    assert_eq!(parse(&text(&folder.path().join("?.??g"))), Spec::Pictures(vec![a, b]));
    let mixed = Spec::parse(Some(&text(&folder.path().join("*")))).unwrap_err().to_string();
    assert!(mixed.contains("expected pictures or one video"), "{mixed}");
    assert!(Spec::parse(Some(&text(&folder.path().join("no*")))).is_err());
    let gone = open(&parse("/nonexistent/a.jpg"), &OpenOptions::default()).err().unwrap().to_string();
    assert!(gone.contains("/nonexistent/a.jpg"), "{gone}");
}

#[cfg(unix)]
#[test]
fn a_pipe_with_a_name_is_read_once_and_in_pieces() {
    if !have_ffmpeg() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let through = |bytes: Vec<u8>| {
        let path = pipe.clone();
        let writer = std::thread::spawn(move || {
            let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
            for piece in [&bytes[..5], &bytes[5..9], &bytes[9..40], &bytes[40..]] {
                // The reader may have seen enough.
                if file.write_all(piece).and_then(|()| file.flush()).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let source = open(&Spec::File(pipe.clone()), &OpenOptions::default());
        let result = source.map(|mut source| {
            let found = all(source.as_mut());
            assert!(!source.rewind().unwrap());
            found
        });
        writer.join().unwrap();
        result
    };
    for format in ["yuv4mpegpipe", "mjpeg"] {
        let bytes =
            ffmpeg(&format!("-f lavfi -i testsrc2=size=64x48 -frames:v 5 -pix_fmt yuvj420p -f {format} -"), &pipe);
        let found = through(bytes).unwrap();
        assert_eq!(found.iter().filter(|f| f.is_ok()).count(), 5, "{format}");
    }
    let error = through(vec![b'x'; 100]).err().unwrap().to_string();
    assert!(error.contains("YUV4MPEG2") && error.contains("MJPEG") && error.contains("xxx"), "{error}");
}

#[test]
fn a_camera_that_is_pulled_out_ten_times_comes_back_ten_times() {
    if !have_ffmpeg() {
        return;
    }
    let plug: Arc<Mutex<Option<Stopper>>> = Arc::default();
    let socket = Arc::clone(&plug);
    let began = Instant::now();
    let mut source = Reconnect::new(move || {
        let camera = Ffmpeg::stream("lavfi:testsrc2=size=64x48:rate=100")?;
        *socket.lock().unwrap() = camera.stopper();
        Ok(Box::new(camera))
    })
    .unwrap();
    assert!(source.live());
    let (mut frames, mut waits, mut longest, mut last) = (0, 0, Duration::ZERO, None);
    for round in 0..=10 {
        for _ in 0..5 {
            let frame = loop {
                let since = Instant::now();
                let next = source.next().unwrap();
                longest = longest.max(since.elapsed());
                match next {
                    Next::Frame(frame) => break frame,
                    Next::Waiting(reason) => {
                        assert!(reason.contains("lavfi:testsrc2"), "{reason}");
                        waits += 1;
                    }
                    Next::Corrupt(reason) => assert!(reason.contains("cut off"), "{reason}"),
                    Next::End => panic!("round {round}: the end of a camera"),
                }
                assert!(began.elapsed() < Duration::from_secs(60), "round {round}");
            };
            assert_eq!((frame.width, frame.height), (64, 48));
            assert!(last.is_none_or(|last| last < frame.pts), "{last:?}, then {:?}", frame.pts);
            last = Some(frame.pts);
            frames += 1;
        }
        // Frames may be on the way still: whichever came before the loss are let through above.
        if round < 10 {
            plug.lock().unwrap().take().unwrap().stop();
            while source.reconnects() == round {
                if let Next::Frame(frame) = source.next().unwrap() {
                    last = Some(frame.pts);
                }
            }
        }
    }
    println!("{frames} frames, {waits} waits, longest call {longest:?}, {:?} in all", began.elapsed());
    assert_eq!(source.reconnects(), 10);
}

/// A camera on the network: ten frames in parts, and it hangs up; its port.
fn server(jpegs: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for caller in listener.incoming() {
            let mut caller = caller.unwrap();
            let _ = caller.read(&mut [0; 4096]).unwrap();
            let kind = "multipart/x-mixed-replace; boundary=part";
            let mut answer = format!("HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\n\r\n").into_bytes();
            let starts = jpegs.windows(3).enumerate().filter(|(_, w)| w == b"\xff\xd8\xff").map(|(i, _)| i);
            let bounds: Vec<usize> = starts.chain([jpegs.len()]).collect();
            for pair in bounds.windows(2) {
                let jpeg = &jpegs[pair[0]..pair[1]];
                let size = jpeg.len();
                answer.extend(format!("--part\r\nContent-Type: image/jpeg\r\nContent-Length: {size}\r\n\r\n").bytes());
                answer.extend(jpeg);
                answer.extend(b"\r\n");
                // The caller may be gone.
                let _ = caller.write_all(&answer);
                answer.clear();
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    });
    port
}

#[test]
fn a_camera_on_the_network_that_hangs_up_is_called_again() {
    if !have_ffmpeg() {
        return;
    }
    let source = "testsrc2=size=64x48:rate=25 -frames:v 10 -c:v mjpeg -pix_fmt yuvj420p";
    let (_folder, path) = clip("a.mjpeg", source);
    let port = server(fs::read(&path).unwrap());
    let address = format!("http://me:secret@127.0.0.1:{port}/camera");
    let mut source = open(&Spec::parse(Some(&address)).unwrap(), &OpenOptions::default()).unwrap();
    assert!(source.live() && source.describe().contains("64x48"), "{}", source.describe());
    let (began, mut frames, mut reasons) = (Instant::now(), [0; 2], Vec::new());
    while frames[1] < 5 && began.elapsed() < Duration::from_secs(20) {
        let next = source.next().unwrap();
        match next {
            Next::Frame(_) => frames[source.reconnects().min(1)] += 1,
            Next::Waiting(reason) => reasons.push(reason),
            other => panic!("{other:?}"),
        }
    }
    assert!(frames[0] > 5 && frames[1] == 5, "{frames:?}, {reasons:?}");
    let reason = reasons.iter().find(|r| r.contains("has hung up"));
    assert!(reason.is_some_and(|r| !r.contains("secret")), "{reasons:?}");
}

/// Frames until it falls silent.
struct Mute {
    left: usize,
    silence: Arc<Mutex<mpsc::Receiver<()>>>,
    stopper: Stopper,
}

impl Source for Mute {
    fn next(&mut self) -> yolov4::Result<Next> {
        if self.left == 0 {
            let _ = self.silence.lock().unwrap().recv();
            return Ok(Next::End);
        }
        self.left -= 1;
        let (format, colour, data) = (FrameFormat::Gray8, Colour::default(), vec![0; 4]);
        let (pts, captured) = (Duration::ZERO, Instant::now());
        Ok(Next::Frame(Frame { width: 2, height: 2, format, colour, data, pts, captured }))
    }

    fn describe(&self) -> String {
        "mute".into()
    }

    fn rate(&self) -> Option<f64> {
        None
    }

    fn stopper(&self) -> Option<Stopper> {
        Some(self.stopper.clone())
    }
}

#[test]
fn a_camera_that_falls_silent_is_opened_again() {
    let (stop, silence) = mpsc::channel();
    let silence = Arc::new(Mutex::new(silence));
    let stopped = Arc::new(Mutex::new(0));
    let count = Arc::clone(&stopped);
    let stopper = Stopper::new(move || {
        *count.lock().unwrap() += 1;
        let _ = stop.send(());
    });
    let open =
        move || Ok(Box::new(Mute { left: 3, silence: silence.clone(), stopper: stopper.clone() }) as Box<dyn Source>);
    let mut source = Reconnect::new(open).unwrap();
    let (mut frames, mut reasons) = (0, Vec::new());
    while frames < 6 {
        match source.next().unwrap() {
            Next::Frame(_) => frames += 1,
            Next::Waiting(reason) => reasons.push(reason),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((source.reconnects(), *stopped.lock().unwrap()), (1, 1));
    // Told again and again, not only when it is over.
    assert!(reasons.len() > 2 && !reasons[0].contains("no frame for 5 s"), "{reasons:?}");
    assert!(reasons.last().unwrap().contains("no frame for 5 s"), "{reasons:?}");
    drop(source);
    assert_eq!(*stopped.lock().unwrap(), 2);
    // A source that was never there is an error at once.
    let never = Reconnect::new(|| Err(yolov4::Error::source("camera 9", "is not there")));
    assert_eq!(never.err().unwrap().to_string(), "camera 9: is not there");
}

fn exhaust_bytes(bytes: &[u8]) {
    let input = || ByteStream::new("bytes", std::io::Cursor::new(bytes.to_vec()));
    if let Ok(mut source) = Y4m::new(input()) {
        exhaust(&mut source);
    }
    exhaust(&mut Mjpeg::new(input(), 30.0));
}

/// A small JPEG of three components, once.
fn jpeg() -> &'static [u8] {
    static JPEG: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    JPEG.get_or_init(|| {
        let mut bytes = Vec::new();
        let pixels: Vec<u8> = (0..24 * 17 * 3).map(|i| (i * 7 % 251) as u8).collect();
        let mut encoder = image::codecs::jpeg::JpegEncoder::new(&mut bytes);
        encoder.encode(&pixels, 24, 17, image::ExtendedColorType::Rgb8).unwrap();
        bytes
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), magic in 0..4_usize) {
        let head = [&b""[..], b"YUV4MPEG2 W4 H2 F1:1\nFRAME\n", b"\xff\xd8\xff", b"YUV4MPEG2 "][magic];
        exhaust_bytes(&[head, &bytes].concat());
    }

    #[test]
    fn a_jpeg_with_wrong_bytes_is_read_without_a_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = jpeg().to_vec();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let tail = bytes.split_off(cut.index(bytes.len()));
        bytes.extend(jpeg());
        bytes.extend(tail);
        exhaust_bytes(&bytes);
    }
}
