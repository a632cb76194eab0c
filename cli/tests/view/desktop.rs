//! A display that nobody sees, with a window manager.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// Columns and rows of the screen.
pub const SCREEN: (u32, u32) = (1280, 800);

/// One desktop at a time: frames of two would get in each other's way on a CPU.
static TURN: Mutex<()> = Mutex::new(());

/// A screen (Xvfb) with a window manager. It ends when it is dropped, also by a panic.
pub struct Desktop {
    display: String,
    xvfb: Child,
    manager: Option<Child>,
    /// Home, and whatever a test needs.
    pub dir: TempDir,
    _turn: MutexGuard<'static, ()>,
}

/// Tries until there is something, and fails after so many seconds.
pub fn until<T>(what: &str, seconds: u64, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited {seconds} s in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What is needed and not there.
fn missing() -> Option<&'static str> {
    let run = |program: &str, args: &[&str]| Command::new(program).args(args).stdin(Stdio::null()).output();
    // Without a display some of them complain when they are asked who they are; that they answer is enough.
    let tools = [
        ("Xvfb", "-help"),
        ("openbox", "--version"),
        ("xdotool", "-h"),
        ("import", "-version"),
        ("ffprobe", "-version"),
    ];
    let first = tools.iter().find(|(program, arg)| run(program, &[arg]).is_err()).map(|(program, _)| *program);
    let xlib = || run("/usr/bin/python3", &["-c", "import Xlib"]).is_ok_and(|out| out.status.success());
    first.or_else(|| (!xlib()).then_some("python3-xlib"))
}

impl Desktop {
    /// Starts one; none where a tool is missing, which CI does not accept.
    pub fn start() -> Option<Self> {
        if let Some(tool) = missing() {
            assert!(std::env::var_os("CI").is_none(), "{tool} is missing, which the tests of the window need");
            println!("SKIPPED: {tool} is not installed, the window is not tried");
            return None;
        }
        // A test that failed has left nothing behind.
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let (width, height) = SCREEN;
        let mut xvfb = Command::new("Xvfb")
            // -r: a key that is held by a busy machine does not repeat. -noreset: else the server begins anew when the last
            // client has gone, which is the question below if the window manager is slow to come, and drops who comes then.
            .args(["-displayfd", "1", "-r", "-noreset", "-nolisten", "tcp"])
            .args(["-screen", "0", &format!("{width}x{height}x24")])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(xvfb.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let display = format!(":{}", number.trim());
        let mut desktop = Self { display, xvfb, manager: None, dir: tempfile::tempdir().unwrap(), _turn: turn };
        let manager = desktop.command("openbox").stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        desktop.manager = Some(manager.unwrap());
        std::fs::create_dir(desktop.folder()).unwrap();
        until("the window manager", 20, || desktop.tool(&["get_desktop"]).ok());
        Some(desktop)
    }

    /// Where the viewer runs.
    pub fn folder(&self) -> PathBuf {
        self.dir.path().join("folder")
    }

    /// A program on this desktop, with nothing of the user's own.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.dir.path())
            .env("DISPLAY", &self.display)
            .env("HOME", self.dir.path())
            .env("XDG_RUNTIME_DIR", self.dir.path())
            .env("YOLOV4_CACHE", self.dir.path().join("cache"))
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WAYLAND_SOCKET")
            .stdin(Stdio::null());
        command
    }

    /// What xdotool says, or complains of.
    pub fn tool(&self, args: &[&str]) -> Result<String, String> {
        let out = self.command("xdotool").args(args).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if out.status.success() { Ok(text(&out.stdout)) } else { Err(text(&out.stderr)) }
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for child in self.manager.iter_mut().chain([&mut self.xvfb]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
