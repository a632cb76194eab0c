//! `yolov4 detect` on many pictures: none is lost and none is there twice, whatever happens.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use image::{ImageBuffer, ImageFormat, Luma, Rgb};
use serde_json::Value;
use tempfile::TempDir;

/// A network of an instant: two convolutions, one head, two classes.
const CFG: &str = "[net]\nwidth=32\nheight=32\nchannels=3\n\n[convolutional]\nbatch_normalize=1\nfilters=8\nsize=3\n\
                   stride=2\npad=1\nactivation=leaky\n\n[convolutional]\nfilters=14\nsize=1\nstride=1\npad=1\n\
                   activation=linear\n\n[yolo]\nmask=0,1\nanchors=4,6, 9,8\nclasses=2\nnum=2\nscale_x_y=1.05\n";

struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        fs::write(place.path("net.cfg"), CFG).unwrap();
        fs::write(place.path("net.names"), "cat\ndog\n").unwrap();
        fs::create_dir(place.path("in")).unwrap();
        let weights = place.command(&["random-weights", "net.cfg", "--seed", "3", "--out", "net.weights"]).output();
        assert!(weights.unwrap().status.success());
        place
    }

    /// That, with so many pictures, numbered as COCO's.
    fn with_pictures(count: u32) -> Self {
        let place = Self::new();
        (0..count).for_each(|n| place.picture(&format!("in/{:012}.png", n + 1), n));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// No two alike.
    fn picture(&self, name: &str, seed: u32) {
        let (w, h) = (20 + seed % 7, 20 + seed % 11);
        let pixel = |x: u32, y: u32| Rgb([(x * 7 + seed) as u8, (y * 11 + seed * 3) as u8, ((x ^ y) * seed) as u8]);
        ImageBuffer::from_fn(w, h, pixel).save(self.path(name)).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yolov4"));
        command.args(args).current_dir(self.dir.path()).stdin(Stdio::null());
        command
    }

    fn detect(&self, args: &[&str]) -> Command {
        let own = ["detect", "--model", "net.cfg", "--weights", "net.weights", "--player", "cpu", "--conf", "0.2"];
        self.command(&[&own[..], args].concat())
    }

    fn run(&self, args: &[&str]) -> Output {
        let out = self.detect(args).output().unwrap();
        assert!(!stderr(&out).contains("panicked"), "{}", stderr(&out));
        out
    }

    fn good(&self, args: &[&str]) -> Output {
        let out = self.run(args);
        assert!(out.status.success(), "{}", stderr(&out));
        out
    }

    /// What lies there beside the network and its pictures.
    fn made(&self) -> Vec<String> {
        let own = ["net.cfg", "net.names", "net.weights", "in"];
        let names = fs::read_dir(self.dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !own.contains(&name.as_str())).collect();
        names.sort();
        names
    }
}

fn stderr(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

/// The pictures of a file of lines, in their order.
fn images(lines: &str) -> Vec<String> {
    let image = |line: &str| serde_json::from_str::<Value>(line).unwrap()["image"].as_str().unwrap().to_owned();
    lines.lines().map(image).collect()
}

fn refused(out: &Output, code: i32, words: &[&str]) {
    assert_eq!(out.status.code(), Some(code), "{}", stderr(out));
    words.iter().for_each(|word| assert!(stderr(out).contains(word), "expected `{word}`, found {}", stderr(out)));
}

/// A program that does not outlive a test that has failed.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Until something is so: what takes a minute never comes.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if so() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}: did not come to be");
}

/// Two thousand files of every kind that lies in people's folders.
#[test]
fn of_two_thousand_mixed_files_each_is_found_or_told_and_none_twice() {
    const COUNT: u32 = 2000;
    let place = Place::new();
    let cmyk = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/cmyk.jpg")).unwrap();
    let bytes = |format: ImageFormat| {
        let mut bytes = std::io::Cursor::new(vec![]);
        ImageBuffer::from_fn(9, 9, |x, y| Rgb([x as u8 * 20, y as u8 * 20, 7])).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let (png, jpeg, gif) = (bytes(ImageFormat::Png), bytes(ImageFormat::Jpeg), bytes(ImageFormat::Gif));
    // A header that says 70,000 by 70,000 pixels.
    let mut huge = bytes(ImageFormat::Bmp);
    huge[18..22].copy_from_slice(&70_000_u32.to_le_bytes());
    huge[22..26].copy_from_slice(&70_000_u32.to_le_bytes());
    let mut bad = 0;
    for n in 0..COUNT {
        let file = |ending: &str| place.path(&format!("in/{n:05}.{ending}"));
        let write = |ending: &str, bytes: &[u8]| fs::write(file(ending), bytes).unwrap();
        bad += u32::from(matches!(n % 20, 3 | 5 | 7 | 11 | 13 | 17));
        match n % 20 {
            3 => write("png", &png[..png.len() / 2]),
            5 => write("jpg", b""),
            7 => write("bmp", &huge),
            11 => fifo(&file("jpg")),
            13 => fs::create_dir(file("jpg")).unwrap(),
            17 => std::os::unix::fs::symlink("nowhere.png", file("png")).unwrap(),
            1 => write("jpg", &cmyk),
            9 => write("gif", &gif),
            15 => ImageBuffer::from_fn(9, 9, |x, y| Luma([(x * 900 + y) as u16])).save(file("png")).unwrap(),
            19 => write("JPG", &jpeg),
            // A JPEG that is called a PNG.
            2 => write("png", &jpeg),
            _ => place.picture(&format!("in/{n:05}.png"), n),
        }
    }
    let out = place.run(&["in", "--format", "jsonl", "--out", "found.jsonl"]);
    assert_eq!(out.status.code(), Some(1), "{}", stderr(&out));
    let mut count: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let found = images(&place.read("found.jsonl"));
    assert!(found.is_sorted(), "not in their order");
    found.into_iter().for_each(|image| count.entry(image).or_default().0 += 1);
    let said = stderr(&out);
    for line in said.lines().filter_map(|line| line.strip_prefix("error: in/")) {
        count.entry(format!("in/{}", line.split(':').next().unwrap())).or_default().1 += 1;
    }
    assert!(count.values().all(|(found, told)| found + told == 1), "{count:?}");
    let told: u32 = count.values().map(|(_, told)| told).sum();
    assert_eq!((count.len(), told), (COUNT as usize, bad), "{said}");
    assert!(said.contains(&format!("error: {bad} of {COUNT} pictures failed; --resume tries them again")), "{said}");
}

/// Numbers that look random and are the same every time.
fn dice(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[test]
fn killed_ten_times_it_writes_what_it_writes_undisturbed() {
    let place = Place::with_pictures(400);
    // One that fails every time.
    fs::write(place.path("in/000000000200.png"), "no picture").unwrap();
    let mut state = 7;
    for format in ["jsonl", "coco", "json", "csv"] {
        let run =
            |out: &str, resume: &[&str]| place.detect(&[&["in", "--format", format, "--out", out], resume].concat());
        assert_eq!(run("whole", &[]).output().unwrap().status.code(), Some(1));
        let whole = place.read("whole");
        let part = place.path("cut.yolov4-part");
        let (mut kills, mut lengths) = (0, vec![]);
        while kills < 10 {
            // Killed when it has written at least so much: anywhere in the output, and a little later.
            let so_far = fs::metadata(&part).map_or(0, |m| m.len());
            let wanted = so_far + dice(&mut state) % (whole.len() as u64 / 10);
            let mut child = run("cut", &["--resume"]).stderr(Stdio::null()).spawn().unwrap();
            let reached = |child: &mut Child| {
                child.try_wait().unwrap().is_some() || fs::metadata(&part).is_ok_and(|m| m.len() > wanted)
            };
            while !reached(&mut child) {
                thread::yield_now();
            }
            kills += 1;
            child.kill().unwrap();
            child.wait().unwrap();
            lengths.push(fs::metadata(&part).map_or(0, |m| m.len()));
            // It was done before it was killed.
            if !part.exists() {
                break;
            }
        }
        assert!(kills >= 5, "{format}: done after {kills}, {lengths:?}");
        let out = run("cut", &["--resume"]).output().unwrap();
        assert_eq!(out.status.code(), Some(1), "{}", stderr(&out));
        assert!(stderr(&out).contains("in/000000000200.png: "), "{}", stderr(&out));
        assert_eq!(place.read("cut"), whole, "{format}, after {kills} kills, {lengths:?}");
        // The journal is there for the one that failed.
        assert_eq!(place.made(), ["cut", "cut.yolov4-journal", "whole", "whole.yolov4-journal"]);
        for file in place.made() {
            fs::remove_file(place.path(&file)).unwrap();
        }
    }
}

#[test]
fn what_failed_is_tried_again_and_what_is_whole_is_left_alone() {
    let place = Place::with_pictures(6);
    fs::write(place.path("in/000000000003.png"), "no picture").unwrap();
    let args = ["in", "--format", "coco", "--out", "found.json"];
    let again = [&args[..], &["--resume"]].concat();
    refused(&place.run(&args), 1, &["in/000000000003.png", "1 of 6 pictures failed; --resume tries them again"]);
    let ids = || -> Vec<u64> {
        let rows: Vec<Value> = serde_json::from_str(&place.read("found.json")).unwrap();
        let mut ids: Vec<u64> = rows.iter().map(|row| row["image_id"].as_u64().unwrap()).collect();
        ids.dedup();
        ids
    };
    assert_eq!(ids(), [1, 2, 4, 5, 6]);
    let out = place.run(&again);
    refused(&out, 1, &["5 of 6 pictures are done already", "in/000000000003.png"]);
    assert_eq!(ids(), [1, 2, 4, 5, 6]);
    place.picture("in/000000000003.png", 3);
    let out = place.good(&again);
    assert!(stderr(&out).contains("5 of 6 pictures are done already"), "{}", stderr(&out));
    // Behind the others: it came later.
    assert_eq!(ids(), [1, 2, 4, 5, 6, 3]);
    assert_eq!(place.made(), ["found.json"]);
    let out = place.good(&again);
    assert!(stderr(&out).contains("found.json is whole: nothing is left to do"), "{}", stderr(&out));
    assert_eq!(ids(), [1, 2, 4, 5, 6, 3]);
    // Without --resume it begins anew.
    place.good(&args);
    assert_eq!(ids(), [1, 2, 3, 4, 5, 6]);
    // Labels, a file a picture.
    fs::write(place.path("in/000000000003.png"), "no picture").unwrap();
    let yolo = ["in", "--format", "yolo", "--out", "labels", "--resume"];
    refused(&place.run(&yolo), 1, &["1 of 6 pictures failed"]);
    place.picture("in/000000000003.png", 3);
    fs::remove_file(place.path("labels/000000000001.txt")).unwrap();
    place.good(&yolo);
    // Only what was left was played.
    let labels = fs::read_dir(place.path("labels")).unwrap().count();
    assert_eq!((labels, place.path("labels/000000000003.txt").exists()), (5, true));
}

/// A machine that goes down may keep less of the output than of what the journal says of it.
#[test]
fn output_that_is_shorter_than_its_journal_is_found_again() {
    let place = Place::with_pictures(40);
    fs::write(place.path("in/000000000020.png"), "no picture").unwrap();
    let args = ["in", "--format", "jsonl", "--out", "found.jsonl"];
    refused(&place.run(&args), 1, &["1 of 40 pictures failed"]);
    let whole = place.read("found.jsonl");
    for length in [whole.len() / 3, whole.len() / 2, 1, 0] {
        fs::write(place.path("found.jsonl"), &whole[..length]).unwrap();
        let out = place.run(&[&args[..], &["--resume"]].concat());
        refused(&out, 1, &["000000000020.png", "pictures failed"]);
        assert_eq!(place.read("found.jsonl"), whole, "from {length} bytes");
    }
}

#[test]
fn shards_write_labels_into_one_folder() {
    let place = Place::with_pictures(5);
    let shards: Vec<Child> = (0..4)
        .map(|i| {
            place.detect(&["in", "--format", "yolo", "--out", "labels", "--shard", &format!("{i}/4")]).spawn().unwrap()
        })
        .collect();
    assert!(shards.into_iter().all(|mut child| child.wait().unwrap().success()));
    assert_eq!(fs::read_dir(place.path("labels")).unwrap().count(), 5);
    assert_eq!(place.made(), ["labels"]);
}

#[test]
fn a_full_disk_is_told_and_gone_on_from() {
    let place = Place::with_pictures(60);
    place.good(&["in", "--format", "jsonl", "--out", "whole.jsonl"]);
    let whole = place.read("whole.jsonl");
    assert!(whole.len() > 12_000, "{}", whole.len());
    // No file may grow beyond 8 kB: the same error in the middle of a line.
    let args = ["in", "--format", "jsonl", "--out", "found.jsonl"];
    let mut limited = Command::new("bash");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_yolov4")]);
    limited.args(place.detect(&args).get_args()).current_dir(place.dir.path());
    let out = limited.output().unwrap();
    refused(&out, 1, &["found.jsonl.yolov4-part: ", "too large"]);
    assert!(!place.path("found.jsonl").exists());
    place.good(&[&args[..], &["--resume"]].concat());
    assert_eq!(place.read("found.jsonl"), whole);
    // Standard output that is full.
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let out = place.detect(&["in", "--format", "jsonl"]).stdout(full).output().unwrap();
    refused(&out, 1, &["stdout: "]);
    refused(&place.run(&["in", "--format", "jsonl", "--out", "/dev/full"]), 1, &["/dev/full: "]);
}

#[test]
fn four_shards_side_by_side_are_the_whole() {
    let place = Place::with_pictures(103);
    // Names that are alike: files made of them are called the same in all shards.
    fs::create_dir(place.path("in2")).unwrap();
    place.picture("in2/000000000001.png", 900);
    place.picture("in2/000000000050.png", 901);
    for format in ["jsonl", "coco"] {
        let run = |out: &str, more: &[&str]| {
            place.detect(
                &[&["in", "in2", "--format", format, "--out", out, "--draw", &format!("drawn-{}", &out[..1])], more]
                    .concat(),
            )
        };
        assert!(run("whole", &[]).output().unwrap().status.success());
        let shards: Vec<Child> = (0..4)
            .map(|i| {
                run(&format!("shard-{i}.{format}"), &["--shard", &format!("{i}/4"), "--resume"])
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        assert!(shards.into_iter().all(|mut child| child.wait().unwrap().success()));
        let parts: Vec<String> = (0..4).map(|i| place.read(&format!("shard-{i}.{format}"))).collect();
        if format == "jsonl" {
            assert_eq!(parts.concat(), place.read("whole"));
            // Again, with one more picture behind: shards are by place.
            assert!(parts.iter().all(|part| (26..=27).contains(&part.lines().count())));
        } else {
            let rows = |text: &str| serde_json::from_str::<Vec<Value>>(text).unwrap();
            assert_eq!(parts.iter().flat_map(|part| rows(part)).collect::<Vec<_>>(), rows(&place.read("whole")));
        }
        let drawn = |folder: &str| {
            let files = fs::read_dir(place.path(folder)).unwrap().map(|e| e.unwrap().path());
            files
                .map(|file| (file.file_name().unwrap().to_owned(), fs::read(&file).unwrap()))
                .collect::<BTreeMap<_, _>>()
        };
        let (whole, shards) = (drawn("drawn-w"), drawn("drawn-s"));
        assert_eq!(whole.len(), 105);
        assert!(whole == shards, "{:?} {:?}", whole.keys(), shards.keys());
    }
    // More shards than pictures: some have nothing to do, and say so by an output that is empty.
    place.good(&["in2", "--format", "jsonl", "--out", "none.jsonl", "--shard", "0/9"]);
    assert_eq!(place.read("none.jsonl"), "");
    place.good(&["in2", "--format", "coco", "--out", "none.json", "--shard", "0/9"]);
    assert_eq!(place.read("none.json"), "[]\n");
    refused(&place.run(&["in2", "--shard", "4/4"]), 2, &["expected i/n with i from 0 to n - 1"]);
}

/// The commands of the page about many machines, each as so many processes of this one.
#[test]
fn the_commands_for_many_machines_are_the_whole() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fleet.md")).unwrap();
    let block = |language: &str| page.split(&format!("```{language}\n")).nth(1).unwrap().split("```").next().unwrap();
    let slurm = block("sh").to_owned();
    let lines: Vec<&str> = block("yaml").lines().map(str::trim).skip_while(|line| *line != "- >-").skip(1).collect();
    let kubernetes = lines[..2].join(" ");
    let place = Place::with_pictures(37);
    let list: String = (1..=37).map(|n| format!("in/{n:012}.png\n")).collect();
    fs::write(place.path("pictures.txt"), &list).unwrap();
    place.good(&["@pictures.txt", "--format", "jsonl", "--out", "whole.jsonl"]);
    let folder = Path::new(env!("CARGO_BIN_EXE_yolov4")).parent().unwrap().display().to_string();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    // On this network, and in this folder.
    let here = |script: &str| {
        let own = "--model net.cfg --weights net.weights --player cpu --conf 0.2";
        script.replace("--model yolov4-csp", own).replace("/data/", "")
    };
    for (script, index, count) in
        [(here(&slurm), "SLURM_ARRAY_TASK_ID", 5), (here(&kubernetes), "JOB_COMPLETION_INDEX", 16)]
    {
        assert!(script.contains(index) && script.contains("net.cfg"), "{script}");
        let tasks: Vec<Child> = (0..count)
            .map(|i| {
                let mut task = Command::new("sh");
                task.args(["-c", &script]).current_dir(place.dir.path()).env("PATH", &path).env(index, i.to_string());
                task.env("SLURM_ARRAY_TASK_COUNT", count.to_string()).stderr(Stdio::null()).spawn().unwrap()
            })
            .collect();
        assert!(tasks.into_iter().all(|mut task| task.wait().unwrap().success()), "{script}");
        let parts: String = (0..count).map(|i| place.read(&format!("found-{i}.jsonl"))).collect();
        assert_eq!(parts, place.read("whole.jsonl"), "{script}");
        (0..count).for_each(|i| fs::remove_file(place.path(&format!("found-{i}.jsonl"))).unwrap());
    }
}

#[test]
fn only_the_same_run_is_gone_on_with() {
    let place = Place::with_pictures(4);
    fs::write(place.path("in/000000000002.png"), "no picture").unwrap();
    let args = ["in", "--format", "jsonl", "--out", "found.jsonl"];
    let with = |more: &[&str]| place.run(&[&args[..], &["--resume"], more].concat());
    refused(&place.run(&args), 1, &["1 of 4 pictures failed"]);
    refused(&with(&["--conf", "0.3"]), 2, &["the argument '--conf"]);
    refused(&with(&["--nms", "0.7"]), 2, &["nms was 0.45, and is 0.7 now; without --resume it begins anew"]);
    refused(&with(&["--max-det", "2"]), 2, &["max-det was none, and is 2 now"]);
    refused(&with(&["--shard", "0/1"]), 2, &["shard was nothing, and is 0/1 now"]);
    place.picture("in/000000000009.png", 9);
    refused(&with(&[]), 2, &["it was of 4 pictures, and there are 5 now"]);
    fs::rename(place.path("in/000000000009.png"), place.path("in/000000000002.png")).unwrap();
    fs::rename(place.path("in/000000000004.png"), place.path("in/000000000005.png")).unwrap();
    refused(&with(&[]), 2, &["its pictures were others, or in another order"]);
    fs::rename(place.path("in/000000000005.png"), place.path("in/000000000004.png")).unwrap();
    // Another machine may go on.
    assert!(with(&["--batch", "2"]).status.success());
    assert_eq!(images(&place.read("found.jsonl")).len(), 4);
    // A journal that is none.
    let journal = place.path("found.jsonl.yolov4-journal");
    fs::write(&journal, "something else\n").unwrap();
    refused(&with(&[]), 1, &["found.jsonl.yolov4-journal:1: expected the journal of a run"]);
    // What cannot be gone on with.
    refused(&place.run(&["in", "--resume"]), 2, &["--resume goes on with a file: name it with --out"]);
    refused(&place.run(&["in", "--resume", "--out", "t.txt"]), 2, &["--resume: a table is written at the end"]);
    refused(
        &place.run(&["in", "--resume", "--format", "jsonl", "--out", "/dev/stdout"]),
        2,
        &["--resume: /dev/stdout"],
    );
    // A run that left no journal, as a part that somebody copied.
    fs::remove_file(&journal).unwrap();
    fs::remove_file(place.path("found.jsonl")).unwrap();
    fs::write(place.path("found.jsonl.yolov4-part"), "a line\n").unwrap();
    let out = with(&[]);
    assert!(out.status.success() && stderr(&out).contains("begun anew, for its journal is gone"), "{}", stderr(&out));
    assert_eq!(images(&place.read("found.jsonl")).len(), 4);
    assert_eq!(place.made(), ["found.jsonl"]);
}

#[test]
fn two_runs_do_not_write_to_one_file() {
    let place = Place::with_pictures(3);
    // It waits for a picture that does not come.
    fifo(&place.path("pipe.png"));
    let args = ["in", "pipe.png", "--format", "jsonl", "--out", "found.jsonl"];
    let mut first = Running(place.detect(&args).stderr(Stdio::null()).spawn().unwrap());
    let part = place.path("found.jsonl.yolov4-part");
    // What is found is there before all is done.
    until("three lines", || fs::read_to_string(&part).is_ok_and(|text| text.lines().count() == 3));
    refused(&place.run(&args), 2, &["found.jsonl.yolov4-journal: another run writes there now"]);
    refused(&place.run(&[&args[..], &["--resume"]].concat()), 2, &["another run writes there now"]);
    // Its picture comes.
    fs::write(place.path("pipe.png"), fs::read(place.path("in/000000000001.png")).unwrap()).unwrap();
    assert!(first.0.wait().unwrap().success());
    assert_eq!(images(&place.read("found.jsonl")).last().unwrap(), "pipe.png");
    assert_eq!(place.made(), ["found.jsonl", "pipe.png"]);
}

#[test]
fn a_batch_of_its_own_choice_finds_the_same() {
    let place = Place::with_pictures(7);
    let found = |batch: &str| {
        let out = place.good(&["in", "--format", "jsonl", "--batch", batch]);
        String::from_utf8(out.stdout).unwrap()
    };
    assert_eq!(found("auto"), found("1"));
    refused(&place.run(&["in", "--batch", "0"]), 2, &["expected 1 or more, or auto, found `0`"]);
    // Said for whoever asks: how long the player had nothing to do.
    let out = place.good(&["in", "--verbose", "--format", "counts"]);
    assert!(
        stderr(&out).contains("7 pictures in ") && stderr(&out).contains("the player was busy "),
        "{}",
        stderr(&out)
    );
}
