//! `yolov4 gpu-day` and `yolov4 selftest`: what they find, that a day is stopped and gone on with, and what they refuse.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

fn program(dir: &Path, args: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_yolov4"));
    program.args(args).current_dir(dir).env("YOLOV4_CACHE", dir.join("cache")).stdin(Stdio::null());
    program
}

fn day(dir: &Path, more: &[&str]) -> Output {
    let args = [&["gpu-day", "--quick", "--model", "demo", "--python", "no-such-python"][..], more].concat();
    program(dir, &args).output().unwrap()
}

fn record(dir: &Path) -> Value {
    serde_json::from_slice(&fs::read(dir.join("gpu-day/day.json")).unwrap()).unwrap()
}

fn steps(record: &Value) -> Vec<(&str, &str)> {
    let steps = record["steps"].as_array().unwrap();
    steps.iter().map(|step| (step["id"].as_str().unwrap(), step["state"].as_str().unwrap())).collect()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_day_keeps_what_every_step_has_found_and_shows_it() {
    let dir = tempfile::tempdir().unwrap();
    let first = day(dir.path(), &["--only", "adapters,roofs,guess-demo-128-f32,start-warm"]);
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    let found = record(dir.path());
    let done = |id| (id, "done");
    let four = ["adapters", "roofs", "guess-demo-128-f32", "start-warm"].map(done);
    assert_eq!(steps(&found), four);
    assert!(found["quick"] == true && found["networks"] == serde_json::json!(["demo 128x128"]), "{found}");
    let result = |step: usize| &found["steps"][step]["result"];
    assert!(result(0).as_array().unwrap().iter().any(|adapter| adapter["name"] == found["adapter"]), "{found}");
    assert!(result(1)["roofs"][0]["f32_gflops"].as_f64().unwrap() > 0.0);
    let row = &result(2)["results"][0];
    assert!(row["size"] == "128x128" && row["precision"] == "f32" && row["median_ms"].as_f64().unwrap() > 0.0, "{row}");
    assert!(result(3)["seconds"].as_f64().unwrap() > 0.0);

    // The same day goes on: what is done is not done again.
    let second = day(dir.path(), &["--only", "adapters,check-demo-128-f32,viewer"]);
    assert_eq!(second.status.code(), Some(0), "{}", said(&second));
    let more = record(dir.path());
    assert_eq!(steps(&more), [&four[..], &["viewer", "check-demo-128-f32"].map(done)].concat());
    assert_eq!(more["steps"][0], found["steps"][0]);
    let check = &more["steps"][5]["result"];
    assert!(check["agrees"] == true && check["nodes"].as_array().unwrap().len() > 30, "{check}");
    assert!(more["steps"][4]["result"]["shown"].as_u64().unwrap() >= 20, "{}", more["steps"][4]);
    let page = fs::read_to_string(dir.path().join("gpu-day/day.html")).unwrap();
    for part in ["Speed", "Networks against the oracle", "Start-up and video", "demo 128x128", "Every step"] {
        assert!(page.contains(part), "the page says nothing of {part}");
    }
    assert!(page.ends_with("</html>\n") && !page.contains("What went wrong"));

    let listed = day(dir.path(), &["--list", "--only", "viewer,batch"]);
    let listed = said(&listed);
    assert!(listed.lines().any(|l| l.starts_with("viewer") && l.contains("done")), "{listed}");
    assert!(listed.lines().any(|l| l.starts_with("batch-demo-128-f16") && !l.contains("done")), "{listed}");
}

#[test]
fn a_step_that_fails_ends_itself_and_not_the_day() {
    let dir = tempfile::tempdir().unwrap();
    let work = dir.path().join("gpu-day/work");
    fs::create_dir_all(work.join("demo")).unwrap();
    // Where the demo would put a picture there is a folder.
    for name in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/images")).unwrap() {
        let name = name.unwrap().path().with_extension("png");
        fs::create_dir(work.join("demo").join(name.file_name().unwrap())).unwrap();
    }
    let out = day(dir.path(), &["--only", "start-warm,adapters"]);
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    let found = record(dir.path());
    assert_eq!(steps(&found), [("adapters", "done"), ("start-warm", "failed")]);
    assert!(found["steps"][1]["said"].as_str().unwrap().starts_with("error: "), "{found}");
    let page = fs::read_to_string(dir.path().join("gpu-day/day.html")).unwrap();
    assert!(page.contains("What went wrong") && page.contains("start-warm"), "{page}");

    // It is not tried again unless that is asked for.
    assert_eq!(steps(&record_after(&dir, &["--only", "start-warm"]))[1].1, "failed");
    fs::remove_dir_all(work.join("demo")).unwrap();
    assert_eq!(steps(&record_after(&dir, &["--only", "start-warm"]))[1].1, "failed");
    assert_eq!(steps(&record_after(&dir, &["--only", "start-warm", "--again"]))[1].1, "done");
}

fn record_after(dir: &tempfile::TempDir, more: &[&str]) -> Value {
    day(dir.path(), more);
    record(dir.path())
}

#[test]
fn other_programs_that_are_not_there_are_skipped_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["gpu-day", "--quick", "--model", "yolov4-tiny", "--only", "peers", "--python", "no-such-python"];
    let out = program(dir.path(), &args).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let found = record(dir.path());
    assert_eq!(steps(&found), [("peers-yolov4-tiny-128", "skipped")]);
    assert!(found["steps"][0]["said"].as_str().unwrap().starts_with("no-such-python: "), "{found}");
}

#[test]
#[cfg(unix)]
fn a_day_that_is_killed_or_interrupted_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["gpu-day", "--quick", "--model", "demo", "--only", "adapters,roofs,selftest-f32"];
    let whole = || fs::read(dir.path().join("gpu-day/day.json")).ok();
    for signal in ["-KILL", "-INT"] {
        let mut child = program(dir.path(), &args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // Until the selftest, which takes long, has begun.
        let end = Instant::now() + Duration::from_secs(120);
        let begun =
            || whole().is_some_and(|text| text.windows(8).any(|w| w == b"\"roofs\",")) && step_of(child.id()).is_some();
        while !begun() {
            assert!(Instant::now() < end, "the selftest does not begin");
            std::thread::sleep(Duration::from_millis(20));
        }
        let step = step_of(child.id()).unwrap();
        let kill = |signal: &str, what: &str| Command::new("kill").args([signal, "--", what]).status().unwrap();
        assert!(kill(signal, &child.id().to_string()).success());
        let status = child.wait().unwrap();
        if signal == "-KILL" {
            // A selftest that nobody waits for.
            kill("-KILL", &step);
        }
        assert_eq!(status.code(), (signal == "-INT").then_some(1));
        let text = whole().unwrap();
        let found: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(steps(&found), [("adapters", "done"), ("roofs", "done")], "after {signal}");
    }
    let mut shorter = args;
    shorter[5] = "adapters,roofs";
    let out = program(dir.path(), &shorter).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    assert!(said(&out).contains("2 done, 0 wrong, 0 failed, 0 skipped, 0 left"), "{}", said(&out));
}

/// The selftest that this process has begun.
#[cfg(unix)]
fn step_of(parent: u32) -> Option<String> {
    let out = Command::new("ps").args(["-A", "-o", "pid=,ppid=,args="]).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    text.lines().filter(|line| line.contains(" selftest ")).find_map(|line| {
        let mut words = line.split_whitespace();
        let pid = words.next()?;
        (words.next()? == parent.to_string()).then(|| pid.to_owned())
    })
}

/// A stand-in for Python, which answers as peers.py would: other programs on a network, and something wrong with one.
#[test]
#[cfg(unix)]
fn other_programs_are_shown_beside_ours() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let python = dir.path().join("python");
    let rows = r#"[{"program": "yolov4", "version": "1", "rounds_ms": [2.0], "median_ms": 2.0, "gpu_ms": 1.0, "head_rms": null},
        {"program": "ncnn-vulkan", "version": "7", "rounds_ms": [5.0], "median_ms": 5.0, "gpu_ms": null, "head_rms": [9.0], "agrees": false}]"#;
    let answer = format!(
        r#"{{"precisions": [{{"precision": "f32", "programs": {rows}, "missing": {{"pytorch-cuda": "has no card"}}}}]}}"#
    );
    fs::write(&python, format!("#!/bin/sh\ncat <<'END'\n{answer}\nEND\n")).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    let args = ["gpu-day", "--quick", "--model", "yolov4-tiny", "--only", "peers", "--python"];
    let out = program(dir.path(), &[&args[..], &[python.to_str().unwrap()]].concat()).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let page = fs::read_to_string(dir.path().join("gpu-day/day.html")).unwrap();
    for part in ["2.50 x", "7; COMPUTES SOMETHING ELSE", "pytorch-cuda in f32: has no card"] {
        assert!(page.contains(part), "the page lacks {part}");
    }
    // What Python plays is there: nodes and numbers of the network that is played here.
    let work = dir.path().join("gpu-day/work");
    let network: Value = serde_json::from_slice(&fs::read(work.join("yolov4-tiny-128.json")).unwrap()).unwrap();
    assert_eq!(network["nodes"].as_array().unwrap().iter().filter(|node| node["op"] == "conv").count(), 21);
    assert_eq!(fs::metadata(work.join("yolov4-tiny-128.f32")).unwrap().len(), 4 * 6_053_502);
}

#[test]
fn minutes_that_are_over_leave_the_rest_for_the_next_call() {
    let dir = tempfile::tempdir().unwrap();
    let out = day(dir.path(), &["--minutes", "1e-9", "--only", "adapters"]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    assert!(said(&out).contains("the minutes are over") && said(&out).contains("1 left"), "{}", said(&out));
    let out = day(dir.path(), &["--minutes", "5", "--only", "adapters"]);
    assert!(said(&out).contains("1 done, 0 wrong, 0 failed, 0 skipped, 0 left"), "{}", said(&out));
}

#[test]
fn what_cannot_be_a_day_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |more: &[&str], words: &str, code: i32| {
        let out = day(dir.path(), more);
        assert!(said(&out).contains(words), "{more:?}: {}", said(&out));
        assert_eq!(out.status.code(), Some(code), "{more:?}");
    };
    refused(&["--only", "roof,lader"], "--only lader: no step is called so", 2);
    refused(&["--minutes", "0"], "expected minutes above 0, found `0`", 2);
    refused(&["--adapter", "no such card"], "no such card", 1);
    refused(&["--out", "missing/b"], "missing", 1);
    refused(&["--minutes", "1e18"], "expected minutes above 0, found `1e18`", 2);
    day(dir.path(), &["--only", "adapters"]);
    let other = program(dir.path(), &["gpu-day", "--quick", "--model", "yolov4-tiny", "--only", "adapters"]).output();
    let other = other.unwrap();
    assert_eq!(other.status.code(), Some(2));
    assert!(
        said(&other).contains("is of another day: the list of networks was demo 128x128 (--quick)"),
        "{}",
        said(&other)
    );
    let lock = fs::File::create(dir.path().join("gpu-day/day.lock")).unwrap();
    lock.lock().unwrap();
    refused(&["--only", "adapters"], "another call is at work on this day", 2);
    drop(lock);
    fs::write(dir.path().join("gpu-day/day.json"), "{\"version\": 3}").unwrap();
    refused(&["--only", "adapters"], "is no record of a day", 1);
}

/// In f32 alone: the long rounds of f16 are the kernel suite's.
#[test]
#[ignore = "long"]
fn a_selftest_plays_every_problem_and_says_what_has_played() {
    let dir = tempfile::tempdir().unwrap();
    let out = program(dir.path(), &["selftest", "--precision", "f32", "--json"]).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let found: Value = serde_json::from_slice(&out.stdout).unwrap();
    let rounds = found["rounds"].as_array().unwrap();
    let names: Vec<&str> = rounds.iter().map(|round| round["round"].as_str().unwrap()).collect();
    assert_eq!(names, ["every rung", "slots used again", "two pictures at once", "pictures and boxes"]);
    assert!(rounds.iter().all(|round| round["problems"].as_u64().unwrap() > 50), "{found}");
    assert!(rounds.iter().all(|round| round["failures"].as_array().unwrap().is_empty()), "{found}");
    let rungs = rounds[0]["rungs"].as_array().unwrap();
    assert!(rungs.len() >= 11 && rungs.contains(&"block64".into()), "{found}");
}
