//! The program with its window open: its keys, its lines of JSON, its pixels.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use image::RgbImage;
use serde_json::Value;

use crate::desktop::{Desktop, until};

/// The software adapter for a GPU, which nobody gets unasked, unless a player is named.
pub fn on_gpu(args: &[&str]) -> &'static [&'static str] {
    if args.contains(&"--player") { &[] } else { &["--player", "gpu"] }
}

/// Longest time for anything that takes a few frames, on a CPU that has other work as well.
pub const PATIENCE: u64 = 60;

/// A running `yolov4 view` and its window. The program ends with it.
pub struct Viewer<'a> {
    desktop: &'a Desktop,
    child: Child,
    window: String,
    lines: Arc<Mutex<Vec<(Instant, Value)>>>,
    said: Arc<Mutex<Vec<u8>>>,
}

impl<'a> Viewer<'a> {
    /// `yolov4 view --model demo --json -` with these arguments, once its window is there.
    pub fn open(desktop: &'a Desktop, args: &[&str]) -> Self {
        let mut command = desktop.command(env!("CARGO_BIN_EXE_yolov4"));
        command.args(["view", "--model", "demo", "--json", "-"]).args(args).args(on_gpu(args));
        let mut child =
            command.current_dir(desktop.folder()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (lines, said) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<Mutex<Vec<u8>>>::default());
        let (stdout, mut stderr) = (BufReader::new(child.stdout.take().unwrap()), child.stderr.take().unwrap());
        let own = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                own.lock().unwrap().push((Instant::now(), serde_json::from_str(&line).unwrap()));
            }
        });
        let own = Arc::clone(&said);
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(n @ 1..) = stderr.read(&mut some) {
                own.lock().unwrap().extend_from_slice(&some[..n]);
            }
        });
        let mut viewer = Self { desktop, child, window: String::new(), lines, said };
        let pid = viewer.child.id().to_string();
        let found = until("the window", PATIENCE, || {
            let ended = viewer.child.try_wait().unwrap();
            assert!(ended.is_none(), "the viewer ended: {}", viewer.said());
            let found = desktop.tool(&["search", "--onlyvisible", "--pid", &pid]).ok()?;
            found.lines().last().map(str::to_owned)
        });
        viewer.window = found;
        viewer.focus();
        viewer
    }

    /// What the program has said on stderr.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned()
    }

    /// xdotool on this window: a command and what follows the window's number.
    pub fn tool(&self, command: &str, rest: &[&str]) -> String {
        self.try_tool(command, rest).unwrap_or_else(|e| panic!("xdotool {command}: {e}; {}", self.said()))
    }

    fn try_tool(&self, command: &str, rest: &[&str]) -> Result<String, String> {
        self.desktop.tool(&[&[command, &self.window][..], rest].concat())
    }

    /// Keys go to this window from now on.
    pub fn focus(&self) {
        until("the focus", PATIENCE, || {
            let _ = self.try_tool("windowactivate", &[]);
            (self.desktop.tool(&["getwindowfocus"]).ok()? == self.window).then_some(())
        });
    }

    /// Presses a key, as the X server calls it.
    pub fn key(&self, name: &str) {
        self.desktop.tool(&["key", name]).unwrap();
    }

    /// Presses the space bar, and waits until the title says that the video stands still, or goes on.
    pub fn pause(&self, wanted: bool) {
        self.key("space");
        let told = || self.title().ends_with("paused") == wanted;
        until("the title to tell of the space bar", PATIENCE, || told().then_some(()));
    }

    /// As the X server numbers it.
    pub fn window(&self) -> &str {
        &self.window
    }

    pub fn title(&self) -> String {
        self.tool("getwindowname", &[])
    }

    /// Left, top, width, height on the screen.
    pub fn geometry(&self) -> [i64; 4] {
        let text = self.desktop.tool(&["getwindowgeometry", "--shell", &self.window]).unwrap();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
        };
        [value("X"), value("Y"), value("WIDTH"), value("HEIGHT")]
    }

    /// What is in the window on the screen.
    pub fn shot(&self) -> RgbImage {
        self.try_shot().unwrap_or_else(|e| panic!("no picture of the window: {e}"))
    }

    /// What is in the window, if it can be seen: one that is not mapped cannot.
    pub fn try_shot(&self) -> Result<RgbImage, String> {
        let out = self.desktop.command("import").args(["-silent", "-window", &self.window, "png:-"]).output().unwrap();
        let decoded = image::load_from_memory(&out.stdout);
        decoded.map(|picture| picture.to_rgb8()).map_err(|e| format!("{e}: {}", String::from_utf8_lossy(&out.stderr)))
    }

    /// Lines of JSON so far.
    pub fn lines(&self) -> Vec<Value> {
        self.lines.lock().unwrap().iter().map(|(_, line)| line.clone()).collect()
    }

    pub fn count(&self) -> usize {
        self.lines.lock().unwrap().len()
    }

    /// The first line from this one on that is as wanted.
    pub fn line(&self, from: usize, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(&format!("{what}; stderr: {}", self.said()), PATIENCE, || {
            self.lines.lock().unwrap().iter().skip(from).map(|(_, line)| line).find(|line| wanted(line)).cloned()
        })
    }

    /// The last line, once no more come: several frames' time has passed without one, as long as frames take on this
    /// machine now. At least one comes after the first `seen` lines.
    pub fn settled(&self, seen: usize) -> Value {
        until("frames to come, and to stop coming", PATIENCE, || {
            let lines = self.lines.lock().unwrap();
            let (at, line) = lines.get(seen..)?.last()?;
            let gaps = lines.windows(2).rev().take(5).map(|pair| pair[1].0 - pair[0].0);
            let quiet = gaps.max().unwrap_or_default() * 4;
            let quiet = quiet.clamp(Duration::from_millis(800), Duration::from_secs(4));
            (at.elapsed() > quiet).then(|| line.clone())
        })
    }

    /// What Ctrl-C does.
    pub fn interrupt(&self) {
        let done = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(done.is_ok_and(|status| status.success()), "the program is not there any more: {}", self.said());
    }

    /// Waits until the program has ended by itself: its exit status, and what it has said.
    pub fn ended(mut self) -> (Option<i32>, String) {
        let status = until("the end of the program", PATIENCE, || self.child.try_wait().unwrap());
        // The pipe is read to its end a moment later.
        std::thread::sleep(Duration::from_millis(200));
        (status.code(), self.said())
    }
}

impl Drop for Viewer<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
