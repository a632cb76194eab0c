//! The table, and single transfers with lengths and sums of the tests' own.

use std::{fs, path::PathBuf, time::Duration};

use tempfile::TempDir;
use yolov4::{
    Error,
    low_level::{
        detect::Choice,
        fetch::{self, RetryPolicy, Wanted},
        files,
        graph::explain::Totals,
        model::{
            CfgOptions, Model,
            darknet::weights::expected_bytes,
            scaled,
            zoo::{ENTRIES, Entry, ModelFiles, Origin, Published, Remote, RemoteFile, Store, named},
        },
    },
};

use crate::{
    common,
    server::{Reply, Request, Server},
};

const HASTE: RetryPolicy = RetryPolicy {
    connect: Duration::from_secs(5),
    stall: Duration::from_millis(400),
    pause: Duration::from_millis(5),
    cuts: 5,
};

/// Two megabytes that do not repeat.
fn bytes() -> Vec<u8> {
    let mut random = yolov4::low_level::model::random::Random::new(1);
    (0..1 << 18).flat_map(|_| random.bits().to_le_bytes()).collect()
}

/// A folder for one file.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("file")
    }

    fn part(&self) -> PathBuf {
        self.dir.path().join("file.part")
    }

    fn wanted(&self, server: &Server, pinned: bool) -> Wanted {
        let whole = self.dir.path().join("whole");
        fs::write(&whole, bytes()).unwrap();
        let sha1 = pinned.then(|| files::sha1(&whole).unwrap());
        fs::remove_file(whole).unwrap();
        Wanted { urls: vec![format!("{}/file", server.url)], file: self.file(), bytes: bytes().len() as u64, sha1 }
    }

    fn fetch(&self, server: &Server) -> Result<String, Error> {
        fetch::fetch(&self.wanted(server, true), &HASTE, &mut |_| {})
    }

    /// Nothing is left, not even the lock.
    fn is_empty(&self) -> bool {
        fs::read_dir(self.dir.path()).unwrap().next().is_none()
    }
}

/// A good server, but for the first answer.
fn at_first(first: impl Fn(&Request, &[u8]) -> Reply + Send + Sync + 'static) -> Server {
    let file = bytes();
    Server::new(move |r| if r.earlier == 0 { first(r, &file) } else { Reply::file(r, &file, "\"1\"") })
}

#[test]
fn the_table_says_what_the_networks_say() {
    for entry in ENTRIES.iter().filter(|entry| !matches!(entry.origin, Origin::Foreign(_))) {
        let network = entry.network(&CfgOptions::default(), &mut ModelFiles::cached()).unwrap();
        assert_eq!(network.labels.len(), network.graph.classes(), "{}", entry.name);
        if let Some(weights) = entry.weights {
            assert_eq!(weights.bytes, expected_bytes(&network), "{}", entry.name);
            assert_eq!(weights.name(), format!("{}.weights", entry.name));
        } else {
            assert!(!entry.remark.is_empty(), "{} has no weights and does not say why", entry.name);
        }
        assert!(entry.weights.iter().all(|w| w.sha1.is_none_or(|sum| sum.len() == 40)));
    }
    for name in scaled::NAMES {
        assert_eq!(named(name).unwrap().name, *name);
    }
    let error = named("yolov9").unwrap_err().to_string();
    assert!(error.contains("yolov9") && error.contains("yolo-fastest-1.1-xl"), "{error}");
    let urls = named("yolov4").unwrap().weights.unwrap().urls(Some("http://here/darknet/"));
    let paths = ["yolov4/yolov4.weights", "darknet_yolo_v3_optimal/yolov4.weights"];
    assert_eq!(urls, paths.map(|path| format!("http://here/darknet/{path}")));
}

#[test]
fn what_is_known_of_the_network_that_is_not_of_the_family() {
    let Some(data) = common::test_data() else { return };
    let folder = data.join("models/yolo-fastest-1.1-xl");
    let entry = named("yolo-fastest-1.1-xl").unwrap();
    let Origin::Foreign(foreign) = entry.origin else { panic!("{:?}", entry.origin) };
    let network = Model::from_cfg(folder.join(foreign.cfg.name()), &CfgOptions::default()).unwrap();
    let (totals, shape) = (Totals::new(&network.graph), network.graph.input_shape());
    assert_eq!((totals.parameters, (shape.w, shape.h)), (foreign.parameters, foreign.size));
    assert!((totals.conv_gflop - foreign.gflop).abs() < 5e-5);
    for file in entry.files() {
        let path = folder.join(file.name());
        assert_eq!(fs::metadata(&path).unwrap().len(), file.bytes);
        assert_eq!(files::sha1(&path).unwrap(), file.sha1.unwrap());
    }
}

#[test]
fn the_names_are_cocos() {
    let Some(data) = common::test_data() else { return };
    let published = fs::read_to_string(data.join("models/coco.names")).unwrap();
    assert_eq!(named("yolov4-tiny").unwrap().labels(), published.lines().collect::<Vec<_>>());
}

#[test]
fn a_connection_that_is_cut_is_gone_on_with() {
    let server = at_first(|r, file| Reply::file(r, file, "\"1\"").cut(700_000));
    let place = Place::new();
    place.fetch(&server).unwrap();
    assert_eq!(fs::read(place.file()).unwrap(), bytes());
    let asked = server.asked("/file");
    assert_eq!((asked.len(), asked[1].from, server.sent("/file")), (2, Some(700_000), bytes().len()));
    assert_eq!(asked[1].if_range.as_deref(), Some("\"1\""));
    assert!(!place.part().exists());
}

#[test]
fn a_server_that_goes_silent_is_as_good_as_cut() {
    let server = at_first(|r, file| Reply::file(r, file, "\"1\"").stall(700_000, Duration::from_secs(9)));
    let place = Place::new();
    place.fetch(&server).unwrap();
    // Who waits for it to go on asks once.
    assert_eq!(server.asked("/file")[1].from, Some(700_000));
}

#[test]
fn a_server_without_ranges_begins_again() {
    let file = bytes();
    let server = Server::new(move |r| {
        let whole = Reply::whole(&file);
        if r.earlier == 0 { whole.cut(700_000) } else { whole }
    });
    let place = Place::new();
    place.fetch(&server).unwrap();
    assert_eq!(fs::read(place.file()).unwrap(), bytes());
    assert_eq!(server.sent("/file"), 700_000 + bytes().len());
}

#[test]
fn another_version_begins_again() {
    let old: Vec<u8> = bytes().iter().map(|b| !b).collect();
    let server = at_first(move |r, _| Reply::file(r, &old, "\"0\"").cut(700_000));
    let place = Place::new();
    // Without a sum only the server's own mark can tell.
    fetch::fetch(&place.wanted(&server, false), &HASTE, &mut |_| {}).unwrap();
    assert_eq!(fs::read(place.file()).unwrap(), bytes());
}

#[test]
fn a_beginning_of_something_else_costs_one_more_transfer() {
    for (left, requests) in [(vec![7; 9000], 2), (vec![7; bytes().len()], 1), (vec![7; bytes().len() + 1], 1)] {
        let file = bytes();
        let server = Server::new(move |r| Reply::file(r, &file, "\"1\""));
        let place = Place::new();
        fs::write(place.part(), left).unwrap();
        place.fetch(&server).unwrap();
        assert_eq!(fs::read(place.file()).unwrap(), bytes());
        assert_eq!(server.asked("/file").len(), requests);
    }
}

#[test]
fn ranges_that_were_not_asked_for_are_not_appended() {
    let shifted = |from: usize| {
        move |_: &Request, file: &[u8]| {
            let range = format!("Content-Range: bytes {from}-{}/{}", file.len() - 1, file.len());
            Reply::whole(&file[from..]).with_status("206 Partial Content").header(&range)
        }
    };
    let refused = |_: &Request, _: &[u8]| Reply::status("416 Range Not Satisfiable");
    for server in [at_first(shifted(1000)), at_first(refused)] {
        let place = Place::new();
        fs::write(place.part(), &bytes()[..900]).unwrap();
        place.fetch(&server).unwrap();
        assert_eq!(fs::read(place.file()).unwrap(), bytes());
    }
}

#[test]
fn a_busy_server_is_asked_again_but_not_for_ever() {
    let server = at_first(|_, _| Reply::status("503 Service Unavailable"));
    Place::new().fetch(&server).unwrap();
    let server = Server::new(|_| Reply::status("503 Service Unavailable"));
    let place = Place::new();
    let error = place.fetch(&server).unwrap_err().to_string();
    assert!(error.contains("503") && error.contains("5 times"), "{error}");
    assert_eq!(server.asked("/file").len(), 5);
    let server = Server::new(|r| Reply::file(r, &bytes(), "\"1\"").cut(10));
    let error = place.fetch(&server).unwrap_err().to_string();
    assert!(error.contains("50 of 2097152 bytes are kept"), "{error}");
}

#[test]
fn no_connection_is_told_at_once() {
    let place = Place::new();
    let server = Server::new(|_| Reply::status("200 OK"));
    let mut wanted = place.wanted(&server, true);
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    wanted.urls = vec![format!("http://127.0.0.1:{port}/file")];
    let mut starts = 0;
    let error = fetch::fetch(&wanted, &HASTE, &mut |_| starts += 1).unwrap_err().to_string();
    assert!(error.contains(&wanted.urls[0]) && error.contains(&place.file().display().to_string()), "{error}");
    assert_eq!(starts, 1, "it was tried again");
}

#[test]
fn wrong_bytes_and_wrong_lengths_never_get_the_name() {
    let wrong: Vec<u8> = bytes().iter().map(|b| !b).collect();
    let long = [bytes(), vec![0]].concat();
    let cases: [(Reply, &[&str]); 4] = [
        (Reply::whole(&wrong), &["expected a file with SHA-1", "found"]),
        (Reply::whole(&long), &["expected a file of 2097152 bytes, the server has one of 2097153"]),
        (Reply::whole(&long).of_unknown_length(), &["the server sends more"]),
        (Reply::whole(&bytes()[..9]), &["expected a file of 2097152 bytes, the server has one of 9"]),
    ];
    for (reply, words) in cases {
        let reply = std::sync::Mutex::new(Some(reply));
        let server = Server::new(move |_| reply.lock().unwrap().take().unwrap_or(Reply::status("404 Not Found")));
        let place = Place::new();
        let error = place.fetch(&server).unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
        assert!(place.is_empty() && !place.file().exists());
        assert_eq!(server.asked("/file").len(), 1, "{error}");
    }
}

#[test]
fn two_at_once_fetch_once() {
    let file = bytes();
    let server = Server::new(move |r| Reply::file(r, &file, "\"1\"").slow(Duration::from_millis(5)));
    let place = Place::new();
    let wanted = place.wanted(&server, true);
    std::thread::scope(|scope| {
        let fetches = [(); 3].map(|()| scope.spawn(|| fetch::fetch(&wanted, &HASTE, &mut |_| {})));
        fetches.into_iter().for_each(|fetch| drop(fetch.join().unwrap().unwrap()));
    });
    assert_eq!(fs::read(place.file()).unwrap(), bytes());
    assert_eq!(server.asked("/file").len(), 1);
}

#[test]
fn the_second_address_is_tried() {
    let file = bytes();
    let server =
        Server::new(move |r| if r.path == "/file" { Reply::status("404 Not Found") } else { Reply::whole(&file) });
    let place = Place::new();
    let mut wanted = place.wanted(&server, true);
    wanted.urls.push(format!("{}/other", server.url));
    fetch::fetch(&wanted, &HASTE, &mut |_| {}).unwrap();
    assert_eq!((server.asked("/file").len(), server.asked("/other").len()), (1, 1));
}

#[test]
fn a_sum_that_is_not_published_is_remembered() {
    let file = bytes();
    let server = Server::new(move |r| Reply::file(r, &file, "\"1\""));
    let dir = tempfile::tempdir().unwrap();
    let published = Published { value: 1.0, metric: "AP", side: 1, source: "nobody" };
    let weights = RemoteFile { base: "http://nowhere.invalid", paths: &["a/net.weights"], bytes: 1 << 21, sha1: None };
    let entry = Entry { name: "net", weights: Some(weights), published, ..*named("yolov4-csp").unwrap() };
    let remote = Remote { mirror: Some(server.url.clone()), retry: HASTE, watch: None };
    let mut files = ModelFiles { store: Store::at(dir.path()), remote: Some(remote), ..ModelFiles::default() };
    let found = files.weights(&entry).unwrap();
    assert!(found.fetched && !files.weights(&entry).unwrap().fetched);
    assert_eq!(server.asked("/a/net.weights").len(), 1);
    let line = fs::read_to_string(dir.path().join("net.weights.sha1")).unwrap();
    assert_eq!(line, format!("{}  net.weights\n", files::sha1(&found.path).unwrap()));
    let mut poisoned = bytes();
    poisoned[77] ^= 1;
    fs::write(&found.path, &poisoned).unwrap();
    let error = files.weights(&entry).unwrap_err().to_string();
    assert!(error.contains("first use") && error.contains(&line[..40]), "{error}");
    assert!(error.contains(&files::sha1(&found.path).unwrap()) && error.contains("the file of net that"), "{error}");
    assert!(files.renew(&entry, &weights).unwrap().fetched);
    assert_eq!(fs::read(&found.path).unwrap(), bytes());
    // Put there by hand: the first use is remembered too.
    fs::remove_file(dir.path().join("net.weights.sha1")).unwrap();
    files.weights(&entry).unwrap();
    assert!(dir.path().join("net.weights.sha1").exists());
    fs::write(&found.path, b"short").unwrap();
    let error = files.weights(&entry).unwrap_err().to_string();
    assert!(error.contains("expected a length of 2,097,152, found 5"), "{error}");
}

#[test]
fn the_library_uses_the_cache_and_fetches_only_if_told() {
    let Some(data) = common::test_data() else { return };
    let folder = data.join("models/yolo-fastest-1.1-xl");
    let served = folder.clone();
    let server = Server::new(move |r| {
        let name = r.path.rsplit('/').next().unwrap();
        Reply::file(r, &fs::read(served.join(name)).unwrap(), "\"1\"")
    });
    let dir = tempfile::tempdir().unwrap();
    let builder = || {
        let builder = yolov4::Detector::builder().model("yolo-fastest-1.1-xl").cache(dir.path());
        builder.player(yolov4::PlayerChoice::Oracle)
    };
    let error = builder().build().unwrap_err();
    assert!(matches!(error, Error::NotCached { .. }), "{error}");
    let remote = Remote { mirror: Some(server.url.clone()), ..Remote::default() };
    let detector = builder().fetch(remote).build().unwrap();
    assert_eq!(detector.names()[16], "dog");
    let detector = builder().score_threshold(0.5).build().unwrap();
    let lines: Vec<String> = detector.choices().iter().map(Choice::to_string).collect();
    for line in ["size 320x320: the network's own", "conf 0.5: asked for", "nms 0.45: comes with the model"] {
        assert!(lines.iter().any(|l| l == line), "{lines:?}");
    }
}
