//! A webcam that is none: it answers as the UVC driver does, by offsets into the structs that are written out here a
//! second time, and remembers what it was asked.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use yolov4::low_level::video::v4l2::{V4l2Io, sys::Request};

pub fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap())
}

pub fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
}

/// One entry of what it offers.
#[derive(Clone)]
pub struct Offer {
    pub fourcc: [u8; 4],
    pub size: (u32, u32),
    pub intervals: Vec<(u32, u32)>,
}

pub fn offer(fourcc: &[u8; 4], width: u32, height: u32, fps: &[u32]) -> Offer {
    Offer { fourcc: *fourcc, size: (width, height), intervals: fps.iter().map(|fps| (1, *fps)).collect() }
}

/// What happens when the next frame is waited for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    Frame,
    /// A frame with the error flag.
    Broken,
    /// Half of its bytes.
    Short,
    /// A buffer that was never asked for.
    Stray,
    /// Woken for nothing: `EAGAIN`.
    Again,
    /// A signal while fetching.
    Interrupt,
    /// A signal while waiting.
    PollInterrupt,
    /// Nothing for the whole time.
    Silence,
    /// Unplugged.
    Gone,
}

/// Time stamp of a frame.
pub type Stamp = fn(u32) -> Duration;

#[derive(Clone)]
pub struct State {
    pub offers: Vec<Offer>,
    pub caps: (u32, u32),
    /// Any size from 160x120 to 1920x1080 by steps of 16 and 8, from 1 to 60 frames per second.
    pub stepwise: bool,
    /// Bytes added to each row.
    pub padding: u32,
    pub colorspace: u32,
    pub ycbcr_enc: u32,
    pub quantization: u32,
    /// Refusals: request and error number.
    pub refuse: Vec<(Request, i32)>,
    pub events: VecDeque<Event>,
    pub clock: Duration,
    /// Frame number to time stamp, and whether it says to be monotonic.
    pub stamp: Stamp,
    pub monotonic: bool,
    // What came of it.
    pub log: Vec<(Request, Vec<u8>)>,
    pub format: Option<Offer>,
    pub memory: Vec<Vec<u8>>,
    pub mapped: usize,
    pub queued: VecDeque<u32>,
    pub streaming: bool,
    pub sequence: u32,
    pub polls: Vec<Duration>,
    pub opened: bool,
}

/// Time between frames at 30 per second.
pub const TICK: Duration = Duration::from_micros(33_333);

impl Default for State {
    fn default() -> Self {
        Self {
            offers: vec![
                offer(b"MJPG", 1280, 720, &[30]),
                offer(b"MJPG", 640, 480, &[30]),
                offer(b"YUYV", 640, 480, &[30, 15]),
                offer(b"YUYV", 1280, 720, &[10]),
            ],
            // VIDEO_CAPTURE, STREAMING, META_CAPTURE, DEVICE_CAPS | ...; of this node VIDEO_CAPTURE and STREAMING.
            caps: (0x84a0_0001, 0x0420_0001),
            stepwise: false,
            padding: 0,
            colorspace: 8,
            ycbcr_enc: 0,
            quantization: 0,
            refuse: vec![],
            events: VecDeque::new(),
            clock: Duration::from_secs(1000),
            stamp: |n| Duration::from_millis(999_990) + n * TICK,
            monotonic: true,
            log: vec![],
            format: None,
            memory: vec![],
            mapped: 0,
            queued: VecDeque::new(),
            streaming: false,
            sequence: 0,
            polls: vec![],
            opened: false,
        }
    }
}

/// The camera; the test keeps a clone to look into it.
#[derive(Clone, Default)]
pub struct Webcam(Arc<Mutex<State>>);

/// Byte `at` of frame `n` as the driver lays it out; rows may be followed by padding of 0xee.
pub fn sample(n: u32, at: usize) -> u8 {
    (at.wrapping_mul(31) ^ (at >> 7) ^ (n as usize).wrapping_mul(97)) as u8
}

impl Webcam {
    pub fn with(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        // A test that fails with the lock held still drops its camera.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it streams, and how many buffers are mapped.
    pub fn stream(&self) -> (bool, usize) {
        let state = self.state();
        (state.streaming, state.mapped)
    }

    pub fn open(&self) -> io::Result<Self> {
        let mut state = self.state();
        assert!(!state.opened, "opened twice");
        state.opened = true;
        Ok(self.clone())
    }
}

/// Picture `n` as a JPEG: stripes, more of them in each.
fn jpeg(n: u32, w: usize, h: usize) -> Vec<u8> {
    let rgb: Vec<u8> = (0..w * h).flat_map(|i| [(i % w * (n as usize + 1)) as u8, (i / w) as u8, 40]).collect();
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 60);
    image::ImageEncoder::write_image(encoder, &rgb, w as u32, h as u32, image::ExtendedColorType::Rgb8).unwrap();
    bytes
}

impl State {
    /// Rows of the frame in the driver's memory: bytes that count, bytes of padding.
    fn rows(&self) -> Vec<(usize, usize)> {
        let Offer { fourcc, size: (w, h), .. } = self.format.clone().unwrap();
        let (w, h, padding) = (w as usize, h as usize, self.padding as usize);
        match &fourcc {
            b"YUYV" => vec![(2 * w, padding); h],
            b"NV12" => vec![(w, padding); h + h / 2],
            b"YU12" => [vec![(w, padding); h], vec![(w / 2, padding / 2); h]].concat(),
            b"GREY" => vec![(w, padding); h],
            b"MJPG" => vec![(jpeg(self.sequence, w, h).len(), 0)],
            other => panic!("{other:?}"),
        }
    }

    /// The bytes of frame `n` that count, in order.
    pub fn expected(&self, n: u32) -> Vec<u8> {
        let mut frame = self.clone();
        frame.sequence = n;
        let Offer { fourcc, size: (w, h), .. } = self.format.clone().unwrap();
        if &fourcc == b"MJPG" {
            return jpeg(n, w as usize, h as usize);
        }
        let bytes: usize = frame.rows().iter().map(|r| r.0).sum();
        (0..bytes).map(|i| sample(n, i)).collect()
    }

    fn size_image(&self) -> usize {
        let Offer { fourcc, size: (w, h), .. } = self.format.clone().unwrap();
        if &fourcc == b"MJPG" { (w * h * 2) as usize } else { self.rows().iter().map(|r| r.0 + r.1).sum() }
    }

    fn fill(&mut self, buffer: u32) -> usize {
        let (rows, content) = (self.rows(), self.expected(self.sequence));
        let memory = &mut self.memory[buffer as usize];
        memory.fill(0xee);
        let (mut at, mut count) = (0, 0);
        for (bytes, padding) in rows {
            memory[at..at + bytes].copy_from_slice(&content[count..count + bytes]);
            count += bytes;
            at += bytes + padding;
        }
        at
    }

    fn formats(&self) -> Vec<[u8; 4]> {
        let mut formats: Vec<[u8; 4]> = vec![];
        for offer in &self.offers {
            if !formats.contains(&offer.fourcc) {
                formats.push(offer.fourcc);
            }
        }
        formats
    }

    fn answer(&mut self, request: Request, a: &mut [u8]) -> Result<(), i32> {
        if let Some((_, errno)) = self.refuse.iter().find(|r| r.0 == request) {
            return Err(*errno);
        }
        match request {
            Request::QueryCap => {
                a[..8].copy_from_slice(b"uvcvideo");
                a[16..25].copy_from_slice(b"HD Webcam");
                a[48..68].copy_from_slice(b"usb-0000:00:14.0-1.2");
                put(a, 80, 0x0006_0100);
                put(a, 84, self.caps.0);
                put(a, 88, self.caps.1);
            }
            Request::EnumFmt => {
                let formats = self.formats();
                let format = formats.get(word(a, 0) as usize).ok_or(libc::EINVAL)?;
                put(a, 44, u32::from_le_bytes(*format));
            }
            Request::EnumFrameSizes => {
                if self.stepwise {
                    put(a, 8, 3);
                    for (i, value) in [160, 1920, 16, 120, 1080, 8].into_iter().enumerate() {
                        put(a, 12 + 4 * i, value);
                    }
                    return if word(a, 0) == 0 { Ok(()) } else { Err(libc::EINVAL) };
                }
                let format = word(a, 4).to_le_bytes();
                let sizes: Vec<_> = self.offers.iter().filter(|o| o.fourcc == format).map(|o| o.size).collect();
                let size = sizes.get(word(a, 0) as usize).ok_or(libc::EINVAL)?;
                put(a, 8, 1);
                put(a, 12, size.0);
                put(a, 16, size.1);
            }
            Request::EnumFrameIntervals => {
                if self.stepwise {
                    put(a, 16, 2);
                    for (i, value) in [1, 60, 1, 1, 1, 60].into_iter().enumerate() {
                        put(a, 20 + 4 * i, value);
                    }
                    return if word(a, 0) == 0 { Ok(()) } else { Err(libc::EINVAL) };
                }
                let (format, size) = (word(a, 4).to_le_bytes(), (word(a, 8), word(a, 12)));
                let offer = self.offers.iter().find(|o| o.fourcc == format && o.size == size).ok_or(libc::EINVAL)?;
                let interval = offer.intervals.get(word(a, 0) as usize).ok_or(libc::EINVAL)?;
                put(a, 16, 1);
                put(a, 20, interval.0);
                put(a, 24, interval.1);
            }
            Request::SFmt => {
                assert_eq!(word(a, 0), 1, "a capture format");
                let (size, format) = ((word(a, 8), word(a, 12)), word(a, 16).to_le_bytes());
                let found = self.offers.iter().find(|o| o.fourcc == format && o.size == size);
                let mut found = found.unwrap_or(&self.offers[0]).clone();
                if self.stepwise {
                    found.size = size;
                }
                let bytes = match &found.fourcc {
                    b"YUYV" => 2 * found.size.0 + self.padding,
                    b"MJPG" => 0,
                    _ => found.size.0 + self.padding,
                };
                put(a, 8, found.size.0);
                put(a, 12, found.size.1);
                put(a, 16, u32::from_le_bytes(found.fourcc));
                self.format = Some(found);
                put(a, 24, bytes);
                put(a, 28, self.size_image() as u32);
                put(a, 32, self.colorspace);
                put(a, 44, self.ycbcr_enc);
                put(a, 48, self.quantization);
            }
            Request::SParm => put(a, 4, 0x1000),
            Request::ReqBufs => {
                assert_eq!((word(a, 4), word(a, 8)), (1, 1), "capture, mmap");
                self.memory = vec![vec![0; self.size_image()]; word(a, 0) as usize];
            }
            Request::QueryBuf => {
                let index = word(a, 0) as usize;
                let length = self.memory.get(index).ok_or(libc::EINVAL)?.len();
                put(a, 64, index as u32 * 0x10_0000);
                put(a, 72, length as u32);
            }
            Request::QBuf => {
                let index = word(a, 0);
                assert_eq!((word(a, 4), word(a, 60)), (1, 1), "capture, mmap");
                assert!((index as usize) < self.mapped && !self.queued.contains(&index), "buffer {index}");
                self.queued.push_back(index);
            }
            Request::StreamOn => {
                assert_eq!(self.queued.len(), self.memory.len(), "all buffers are queued first");
                self.streaming = true;
            }
            Request::StreamOff => {
                self.streaming = false;
                self.queued.clear();
            }
            Request::DqBuf => return self.dequeue(a),
        }
        Ok(())
    }

    fn dequeue(&mut self, a: &mut [u8]) -> Result<(), i32> {
        assert!(self.streaming);
        let event = self.events.pop_front().unwrap_or(Event::Frame);
        match event {
            Event::Again => return Err(libc::EAGAIN),
            Event::Interrupt => return Err(libc::EINTR),
            Event::Gone => {
                // And so it stays.
                self.events.push_front(Event::Gone);
                return Err(libc::ENODEV);
            }
            _ => {}
        }
        let buffer = self.queued.pop_front().ok_or(libc::EAGAIN)?;
        let mut used = self.fill(buffer);
        let mut flags = if self.monotonic { 0x2001 } else { 0x0001 };
        if event == Event::Broken {
            flags |= 0x40;
        }
        if event == Event::Short {
            used /= 2;
        }
        let stamp = (self.stamp)(self.sequence);
        put(a, 0, if event == Event::Stray { 17 } else { buffer });
        put(a, 8, used as u32);
        put(a, 12, flags);
        a[24..32].copy_from_slice(&stamp.as_secs().to_ne_bytes());
        a[32..40].copy_from_slice(&u64::from(stamp.subsec_micros()).to_ne_bytes());
        put(a, 56, self.sequence);
        self.sequence += 1;
        Ok(())
    }
}

impl V4l2Io for Webcam {
    fn ioctl(&mut self, request: Request, argument: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
        assert_eq!(argument.len(), request.size());
        state.log.push((request, argument.to_vec()));
        state.answer(request, argument).map_err(io::Error::from_raw_os_error)
    }

    fn map(&mut self, offset: u32, length: usize) -> io::Result<usize> {
        let mut state = self.state();
        let index = (offset / 0x10_0000) as usize;
        assert_eq!((index, length), (state.mapped, state.memory[index].len()));
        state.mapped += 1;
        Ok(index)
    }

    fn copy(&self, buffer: usize, from: usize, into: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        assert!(!state.queued.contains(&(buffer as u32)), "the driver may write into buffer {buffer}");
        into.copy_from_slice(&state.memory[buffer][from..from + into.len()]);
        Ok(())
    }

    fn unmap(&mut self) {
        let mut state = self.state();
        (state.mapped, state.opened) = (0, false);
    }

    fn poll(&mut self, timeout: Duration) -> io::Result<bool> {
        let mut state = self.state();
        state.polls.push(timeout);
        match state.events.front() {
            Some(Event::PollInterrupt) => {
                state.events.pop_front();
                Err(io::Error::from_raw_os_error(libc::EINTR))
            }
            Some(Event::Silence) => Ok(false),
            // A driver without a buffer to fill has nothing to give.
            _ => Ok(!state.queued.is_empty() || state.events.front() == Some(&Event::Gone)),
        }
    }

    fn monotonic(&self) -> Duration {
        self.state().clock
    }
}
