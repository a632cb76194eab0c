//! The program itself, with the one network whose published files are among the test data.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    common,
    server::{Reply, Request, Server},
};

const NAME: &str = "yolo-fastest-1.1-xl";
const WEIGHTS: &str = "yolo-fastest-1.1-xl.weights";

/// The published files.
#[derive(Clone)]
struct Published {
    data: PathBuf,
}

impl Published {
    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.data.join("models").join(NAME).join(name)).unwrap()
    }

    fn reply(&self, request: &Request) -> Reply {
        let (folder, name) = request.path.rsplit_once('/').unwrap();
        assert!(folder.ends_with("/ModelZoo/yolo-fastest-1.1_coco"), "{}", request.path);
        Reply::file(request, &self.bytes(name), "\"1\"")
    }

    /// A server that is good but for the weights, which `weights` answers.
    fn server(&self, weights: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static) -> Server {
        let own = self.clone();
        Server::new(move |r| {
            let reply = own.reply(r);
            if r.path.ends_with(WEIGHTS) { weights(r, reply) } else { reply }
        })
    }
}

/// A cache folder of its own, and the program that uses it.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("cache").join(name)
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "YOLOV4_MIRROR"] {
            command.env_remove(name).env_remove(name.to_lowercase());
        }
        command.env("YOLOV4_CACHE", self.path("")).current_dir(self.dir.path());
        command
    }

    fn yolov4(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_yolov4"));
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.yolov4(args).output().unwrap()
    }

    fn fetch(&self, server: &Server) -> Output {
        self.run(&["models", "fetch", NAME, "--mirror", &format!("{}/mirror/", server.url)])
    }

    fn start(&self, server: &Server) -> Child {
        self.yolov4(&["models", "fetch", NAME, "--mirror", &format!("{}/mirror", server.url)]).spawn().unwrap()
    }

    /// What is in the cache folder.
    fn cached(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("")) else { return vec![] };
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn says(output: &Output, code: i32, words: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "expected `{word}` in: {stderr}");
    }
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn published() -> Option<Published> {
    common::test_data().map(|data| Published { data })
}

const BOTH: [&str; 2] = ["yolo-fastest-1.1-xl.cfg", WEIGHTS];

#[test]
fn a_name_is_enough_for_boxes() {
    let Some(published) = published() else { return };
    let (server, place) = (published.server(|_, reply| reply), Place::new());
    let dog = published.data.join("images/dog.jpg");
    let base = ["detect", dog.to_str().unwrap(), "--model", NAME, "--player", "oracle", "--format", "json"];
    let mut command = place.yolov4(&[&base[..], &["--verbose"]].concat());
    let online = command.env("YOLOV4_MIRROR", format!("{}/mirror", server.url)).output().unwrap();
    let weights = place.path(WEIGHTS);
    let because = format!("weights {}: fetched just now", weights.display());
    says(&online, 0, &["fetching http", "3,693,964 bytes", &because, "names 80: come with the model"]);
    let found: serde_json::Value = serde_json::from_slice(&online.stdout).unwrap();
    let names: Vec<&str> =
        found[0]["detections"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"dog") && names.contains(&"bicycle"), "{names:?}");
    assert_eq!(place.cached(), BOTH);
    // From here on there is no network.
    let asked = server.asked("").len();
    let offline = place.run(&[&base[..], &["--offline"]].concat());
    says(&offline, 0, &[]);
    assert_eq!(offline.stdout, online.stdout);
    assert_eq!(server.asked("").len(), asked);
    let models = place.run(&["models", "--json"]);
    let models: serde_json::Value = serde_json::from_slice(&models.stdout).unwrap();
    let row = |name: &str| models.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap().clone();
    assert_eq!((&row(NAME)["cached"], &row("yolov4-csp")["cached"]), (&true.into(), &false.into()));
    assert_eq!(row("yolov4-p7")["parameters"], 287_575_580);
    let explained = place.run(&["explain", NAME]);
    says(&explained, 0, &[]);
}

#[test]
fn nothing_cached_and_no_network() {
    let place = Place::new();
    let image = common_picture(&place);
    let file = place.path("yolov4-tiny.weights").display().to_string();
    let ways = ["yolov4 models fetch yolov4-tiny", "--model demo", &file, "yolov4-tiny.weights put at "];
    says(&place.run(&["detect", &image, "--offline"]), 1, &ways);
    says(&place.run(&["explain", NAME]), 1, &["models fetch", NAME]);
    says(&place.run(&["detect", &image, "--model", "yolov4-p7"]), 2, &["Google Drive", "a file of weights"]);
    says(&place.run(&["models", "fetch", "yolov4-tiny-3l"]), 2, &["no weights of it are published"]);
    says(&place.run(&["models", "fetch", "yolov9"]), 2, &["yolov4-csp"]);
    assert!(place.cached().is_empty());
}

/// A small picture beside the cache.
fn common_picture(place: &Place) -> String {
    let path = place.dir.path().join("a.png");
    image::RgbImage::from_pixel(8, 8, image::Rgb([9, 99, 199])).save(&path).unwrap();
    path.display().to_string()
}

#[test]
fn a_download_that_is_cut_goes_on_through_a_redirect() {
    let Some(published) = published() else { return };
    let own = published.clone();
    let server = Server::new(move |r| match r.path.strip_prefix("/mirror/") {
        Some(rest) => Reply::status("302 Found").header(&format!("Location: /elsewhere/{rest}")),
        None if r.path.ends_with(WEIGHTS) && r.earlier == 0 => own.reply(r).cut(1_500_000),
        None => own.reply(r),
    });
    let place = Place::new();
    says(&place.fetch(&server), 0, &["the connection was cut", "from byte 1,500,000"]);
    assert_eq!(place.cached(), BOTH);
    assert_eq!(fs::read(place.path(WEIGHTS)).unwrap(), published.bytes(WEIGHTS));
    assert_eq!(server.sent(WEIGHTS), published.bytes(WEIGHTS).len(), "no byte is sent twice");
    says(&place.fetch(&server), 0, &["there already, and right"]);
}

#[test]
fn what_a_server_does_not_have_is_told_with_the_place_for_it() {
    let Some(published) = published() else { return };
    let server = published.server(|_, _| Reply::status("404 Not Found"));
    let place = Place::new();
    let path = place.path(WEIGHTS).display().to_string();
    says(&place.fetch(&server), 1, &["404", &server.url, WEIGHTS, &path, "by hand"]);
    assert!(!place.path(WEIGHTS).exists());
    // By hand, then.
    fs::write(place.path(WEIGHTS), published.bytes(WEIGHTS)).unwrap();
    says(&place.fetch(&server), 0, &["there already, and right"]);
}

#[test]
fn wrong_bytes_never_reach_the_cache() {
    let Some(published) = published() else { return };
    let mut wrong = published.bytes(WEIGHTS);
    wrong[1_000_000] ^= 1;
    let server = published.server(move |_, _| Reply::whole(&wrong));
    let place = Place::new();
    says(&place.fetch(&server), 1, &["expected a file with SHA-1 d4b8a2163e631969df7dc53931903035398419fc, found"]);
    assert!(!place.path(WEIGHTS).exists());
}

#[test]
fn a_poisoned_file_is_noticed_and_can_be_fetched_again() {
    let Some(published) = published() else { return };
    let (server, place) = (published.server(|_, reply| reply), Place::new());
    says(&place.fetch(&server), 0, &[]);
    let mut poisoned = published.bytes(WEIGHTS);
    poisoned[3_000_000] ^= 1;
    fs::write(place.path(WEIGHTS), &poisoned).unwrap();
    let image = common_picture(&place);
    let path = place.path(WEIGHTS).display().to_string();
    let words = [&path, "d4b8a2163e631969df7dc53931903035398419fc", "found", "delete it", "yolov4 models fetch"];
    says(&place.run(&["detect", &image, "--model", NAME, "--player", "oracle"]), 1, &words);
    says(&place.run(&["check", "--model", NAME]), 1, &words);
    says(&place.fetch(&server), 0, &["weights: fetched"]);
    assert_eq!(fs::read(place.path(WEIGHTS)).unwrap(), published.bytes(WEIGHTS));
}

#[test]
fn two_at_once_fetch_once() {
    let Some(published) = published() else { return };
    let server = published.server(|_, reply| reply.slow(Duration::from_millis(10)));
    let place = Place::new();
    let first = place.start(&server);
    wait_for("the first process asks for the weights", || !server.asked(WEIGHTS).is_empty());
    let second = place.start(&server);
    says(&first.wait_with_output().unwrap(), 0, &["weights: fetched"]);
    says(&second.wait_with_output().unwrap(), 0, &["waiting for another process"]);
    assert_eq!(place.cached(), BOTH);
    assert_eq!((server.asked(".cfg").len(), server.asked(WEIGHTS).len()), (1, 1));
}

#[test]
fn a_process_that_is_killed_is_gone_on_with() {
    let Some(published) = published() else { return };
    let server =
        published.server(|r, reply| if r.earlier == 0 { reply.slow(Duration::from_millis(20)) } else { reply });
    let place = Place::new();
    let part = place.path(&format!("{WEIGHTS}.part"));
    let mut first = place.start(&server);
    wait_for("a megabyte arrives", || fs::metadata(&part).is_ok_and(|m| m.len() > 1_000_000));
    first.kill().unwrap();
    first.wait().unwrap();
    let kept = fs::metadata(&part).unwrap().len() as usize;
    assert!(!place.path(WEIGHTS).exists() && kept < published.bytes(WEIGHTS).len());
    says(&place.fetch(&server), 0, &["from byte"]);
    assert_eq!(server.asked(WEIGHTS)[1].from, Some(kept));
    assert_eq!(fs::read(place.path(WEIGHTS)).unwrap(), published.bytes(WEIGHTS));
    assert_eq!(place.cached(), BOTH);
}

/// A limit on the length of files stands for a disk that is full.
#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_what_has_come_is_kept() {
    let Some(published) = published() else { return };
    let (server, place) = (published.server(|_, reply| reply), Place::new());
    let mut command = place.command("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_yolov4")]);
    command.args(["models", "fetch", NAME, "--mirror", &format!("{}/mirror", server.url)]);
    let part = place.path(&format!("{WEIGHTS}.part"));
    says(&command.output().unwrap(), 1, &[&part.display().to_string(), "oo large"]);
    assert!(!place.path(WEIGHTS).exists());
    says(&place.fetch(&server), 0, &["from byte"]);
    assert_eq!(fs::read(place.path(WEIGHTS)).unwrap(), published.bytes(WEIGHTS));
}

#[test]
fn the_cache_folder_is_where_it_is_said_to_be() {
    let place = Place::new();
    let printed =
        |command: &mut Command| String::from_utf8(command.output().unwrap().stdout).unwrap().trim().to_owned();
    let named = printed(&mut place.yolov4(&["models", "path", "yolov4-p6"]));
    assert_eq!(Path::new(&named), place.path("yolov4-p6.weights"));
    if cfg!(target_os = "linux") {
        let home = place.dir.path();
        let mut command = place.yolov4(&["models", "path"]);
        command.env_remove("YOLOV4_CACHE").env_remove("XDG_CACHE_HOME").env("HOME", home);
        assert_eq!(Path::new(&printed(&mut command)), home.join(".cache/yolov4"));
        command.env("XDG_CACHE_HOME", home.join("other"));
        assert_eq!(Path::new(&printed(&mut command)), home.join("other/yolov4"));
    }
}

#[test]
fn proxies_are_those_of_the_environment() {
    let server = Server::new(|_| Reply::status("403 Forbidden"));
    let place = Place::new();
    let mut command = place.yolov4(&["models", "fetch", "yolov4-tiny", "--mirror", "http://models.invalid"]);
    let out = command.env("ALL_PROXY", &server.url).env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap();
    says(&out, 1, &["http://models.invalid/darknet_yolo_v4_pre/yolov4-tiny.weights"]);
    let asked = server.asked("");
    assert!(asked.iter().any(|r| r.path.contains("models.invalid")), "{asked:?}");
}

#[test]
fn check_says_which_weights_it_has() {
    let Some(published) = published() else { return };
    let (server, place) = (published.server(|_, reply| reply), Place::new());
    says(&place.fetch(&server), 0, &[]);
    let check = place.run(&["check", "--model", NAME, "--size", "64", "--verbose"]);
    says(&check, 0, &[&format!("weights {}: in the cache", place.path(WEIGHTS).display())]);
    fs::remove_file(place.path(WEIGHTS)).unwrap();
    let check = place.run(&["check", "--model", NAME, "--size", "64"]);
    says(&check, 0, &["none of yolo-fastest-1.1-xl in the cache: seeded random ones"]);
    assert_eq!(server.asked(WEIGHTS).len(), 1, "it fetched");
}
