//! The way to the kernel, so narrow that a test can stand in for it.

use std::{
    fs::{File, OpenOptions},
    io,
    os::{fd::AsRawFd, unix::fs::OpenOptionsExt},
    path::Path,
    time::Duration,
};

use crate::video::v4l2::sys::{MEMORY_MMAP, Request, RequestBuffers};

/// An open camera.
pub trait V4l2Io: Send {
    /// One request; `argument` is its struct, [`Request::size`] bytes. Not tried again when interrupted.
    ///
    /// # Errors
    /// The kernel's.
    fn ioctl(&mut self, request: Request, argument: &mut [u8]) -> io::Result<()>;

    /// Maps a buffer of the driver's; gives its number, counted from 0.
    ///
    /// # Errors
    /// The kernel's.
    fn map(&mut self, offset: u32, length: usize) -> io::Result<usize>;

    /// Copies bytes `from..` of a mapped buffer, as many as `into` holds.
    ///
    /// # Errors
    /// `InvalidInput`: there is no such buffer, or it ends earlier.
    fn copy(&self, buffer: usize, from: usize, into: &mut [u8]) -> io::Result<()>;

    /// Gives all mapped buffers back.
    fn unmap(&mut self);

    /// Waits until there is something to fetch, a frame or an error; `false` if nothing came in time.
    ///
    /// # Errors
    /// The kernel's. Not tried again when interrupted.
    fn poll(&mut self, timeout: Duration) -> io::Result<bool>;

    /// The clock of the time stamps, `CLOCK_MONOTONIC`.
    fn monotonic(&self) -> Duration;
}

/// A node of the system, such as `/dev/video0`.
#[derive(Debug)]
pub struct V4l2Device {
    file: File,
    mapped: Vec<Mapped>,
}

/// Memory that the driver owns and writes.
#[derive(Debug)]
struct Mapped {
    at: *mut libc::c_void,
    length: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread, and only its owner reaches it.
unsafe impl Send for Mapped {}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: `mmap` gave this address and length, and nobody keeps a reference into it. A failure has no remedy.
        unsafe { libc::munmap(self.at, self.length) };
    }
}

impl V4l2Device {
    /// Opens a node without blocking.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        // `File` opens with O_CLOEXEC.
        let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path)?;
        Ok(Self { file, mapped: Vec::new() })
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

impl V4l2Io for V4l2Device {
    fn ioctl(&mut self, request: Request, argument: &mut [u8]) -> io::Result<()> {
        if argument.len() != request.size() {
            return Err(invalid("the argument is not the size of the request"));
        }
        if request == Request::ReqBufs && bytemuck::pod_read_unaligned::<RequestBuffers>(argument).memory != MEMORY_MMAP
        {
            return Err(invalid("only buffers of the driver's own memory are asked for"));
        }
        // SAFETY: the descriptor is open; the kernel reads and writes `request.size()` bytes, which is what `argument`
        // has, at any alignment. A queue of mmap buffers refuses buffers of other memory, so no request makes the kernel
        // write elsewhere.
        let rc = unsafe { libc::ioctl(self.file.as_raw_fd(), request.number() as _, argument.as_mut_ptr()) };
        if rc < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    fn map(&mut self, offset: u32, length: usize) -> io::Result<usize> {
        // Where `off_t` is 32 bits the kernel takes them without sign.
        let offset = offset as libc::off_t;
        let (protection, fd) = (libc::PROT_READ | libc::PROT_WRITE, self.file.as_raw_fd());
        // SAFETY: a new mapping at an address of the kernel's choice; it replaces nothing.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), length, protection, libc::MAP_SHARED, fd, offset) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        self.mapped.push(Mapped { at, length });
        Ok(self.mapped.len() - 1)
    }

    fn copy(&self, buffer: usize, from: usize, into: &mut [u8]) -> io::Result<()> {
        let mapped = self.mapped.get(buffer).ok_or_else(|| invalid("no such buffer"))?;
        if from.checked_add(into.len()).is_none_or(|end| end > mapped.length) {
            return Err(invalid("beyond the end of a buffer"));
        }
        // SAFETY: within the mapping, which `self` keeps alive, by the check above; `into` is memory of our own. No
        // reference to the driver's memory is made, which it may write at any time.
        unsafe { std::ptr::copy_nonoverlapping(mapped.at.cast::<u8>().add(from), into.as_mut_ptr(), into.len()) };
        Ok(())
    }

    fn unmap(&mut self) {
        self.mapped.clear();
    }

    fn poll(&mut self, timeout: Duration) -> io::Result<bool> {
        let mut fd = libc::pollfd { fd: self.file.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let milliseconds = libc::c_int::try_from(timeout.as_millis()).unwrap_or(libc::c_int::MAX);
        // SAFETY: one `pollfd`, which lives through the call.
        let rc = unsafe { libc::poll(&raw mut fd, 1, milliseconds) };
        if rc < 0 { Err(io::Error::last_os_error()) } else { Ok(rc > 0) }
    }

    fn monotonic(&self) -> Duration {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the kernel writes one `timespec`. This clock is always there; if it were not, `now` stays 0.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
        Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
    }
}
