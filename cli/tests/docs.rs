//! What is written down in two places says one thing: README, docs, help, the crate's pages and the npm package's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn yolov4(args: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_yolov4")).args(args).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// Pages for people, from the root.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> =
        ["README", "ARCHITECTURE", "CONTRIBUTING", "CHANGELOG", "assets/README", "benches/RESULTS"]
            .into_iter()
            .chain(["cli/README", "python/README", "web/package/README"])
            .map(|name| format!("{name}.md"))
            .collect();
    let docs = fs::read_dir(root().join("docs")).unwrap();
    pages.extend(docs.map(|file| format!("docs/{}", file.unwrap().file_name().to_string_lossy())));
    assert!(pages.len() > 12, "{pages:?}");
    pages
}

/// The commands of the program, but for `help`.
fn commands() -> BTreeSet<String> {
    let help = yolov4(&["--help"]);
    let list = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    // A command stands two spaces in; what it does goes on further in.
    let named = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next().map(str::to_owned));
    named.filter(|name| !name.is_empty() && name != "help").collect()
}

#[test]
fn the_readme_lists_the_commands() {
    let commands = commands();
    assert!(commands.len() > 10, "{commands:?}");
    let readme = read("README.md");
    let told = readme.lines().filter_map(|line| line.strip_prefix("| `yolov4 ")?.split([' ', '`']).next());
    assert_eq!(told.map(str::to_owned).collect::<BTreeSet<_>>(), commands);
}

#[test]
fn the_readme_lists_the_networks() {
    let json: Vec<Value> = serde_json::from_str(&yolov4(&["models", "--json"])).unwrap();
    assert!(json.len() > 10);
    let rows: Vec<String> = json
        .iter()
        .map(|m| {
            let number = |key: &str| m[key].as_f64().unwrap();
            let metric = if m["metric"] == "AP" { "" } else { " (AP50)" };
            let download = match m["download_bytes"].as_f64() {
                Some(bytes) => format!("{:.1} MB", bytes / 1e6),
                None if m["name"] == "demo" => "part of the program".to_owned(),
                None => "none published".to_owned(),
            };
            format!(
                "| `{}` | {}x{} | {:.2} M | {:.2} | {:.1}{metric} at {} | {} | {download} |",
                m["name"].as_str().unwrap(),
                m["width"],
                m["height"],
                number("parameters") / 1e6,
                number("gflop"),
                number("ap"),
                m["ap_side"],
                m["source"].as_str().unwrap(),
            )
        })
        .collect();
    let readme = read("README.md");
    let told: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `") && line.contains(" M | ")).collect();
    assert_eq!(told, rows, "expected\n{}", rows.join("\n"));
}

#[test]
fn the_docs_list_the_keys_of_the_viewer() {
    let keys = yolov4_cli::viewer::keys::KEYS.iter();
    let rows: String = keys.map(|k| format!("| {} | {} |\n", k.name, k.what)).collect();
    assert!(
        read("docs/video.md").contains(&format!("| key | what it does |\n|---|---|\n{rows}\n")),
        "expected\n{rows}"
    );
}

#[test]
fn the_crates_page_lists_its_features() {
    let manifest = read("Cargo.toml");
    let section = manifest.split("\n[features]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let features = section.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    let features: BTreeSet<&str> = features.map(|(name, _)| name).filter(|name| *name != "default").collect();
    let page = read("docs/crate.md");
    let rows = page.split("| feature |").nth(1).unwrap().lines().skip(2).take_while(|line| line.starts_with('|'));
    let told: BTreeSet<&str> =
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect();
    assert_eq!(told, features);
}

#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for page in pages() {
        let text = read(&page);
        let folder = root().join(&page).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if link.contains("://") || file.is_empty() {
                continue;
            }
            seen += 1;
            assert!(folder.join(file).exists(), "{page}: {link}");
        }
    }
    assert!(seen > 15, "only {seen} links were found");
}

/// Options that pages speak of which are another program's.
const OTHERS: &[&str] = &[
    "array",
    "cfg",
    "cpus-per-task",
    "features",
    "filter",
    "gpus-per-task",
    "ncnn",
    "onnx",
    "path",
    "release",
    "requeue",
    "serve",
];

#[test]
fn options_that_pages_speak_of_exist() {
    let mut known: BTreeSet<String> = OTHERS.iter().map(|name| (*name).to_owned()).collect();
    let mut helps: Vec<String> = commands().iter().map(|command| yolov4(&[command, "--help"])).collect();
    helps.push(yolov4(&["bench", "compare", "--help"]));
    helps.push(yolov4(&["models", "fetch", "--help"]));
    for help in helps {
        known.extend(options(&help));
    }
    // Of the viewer, for tests.
    known.insert("lose-device-at".into());
    let mut wrong = Vec::new();
    for page in pages()
        .into_iter()
        .filter(|page| page.starts_with("docs/") || page.ends_with("README.md") && !page.starts_with("assets/"))
    {
        let told = options(&read(&page));
        wrong.extend(told.difference(&known).map(|option| format!("{page}: --{option}")));
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Every `--word`.
fn options(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("--") {
        let before = text[..at].chars().next_back().unwrap_or(' ');
        let word: String = text[at + 2..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
        if !word.is_empty() && !word.starts_with('-') && !before.is_alphanumeric() && before != '-' && before != '<' {
            found.insert(word);
        }
    }
    found
}

/// The first clause of a sentence, without marks and case.
fn clause(text: &str) -> String {
    let first = text.split([';', '[', ',', ':', '(']).next().unwrap().trim_end_matches('.');
    let first = first.split(". ").next().unwrap();
    first.replace('`', "").split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// What is said of each setter of the library's builder, by name.
fn setters() -> BTreeMap<String, String> {
    documented(&read("src/detect/builder.rs"), "///", |line| line.contains(" => ").then(|| line.split(':').next())?)
}

/// Sentences and the names behind them, of a text where they stand above each other.
fn documented<'a>(text: &'a str, mark: &str, name: impl Fn(&'a str) -> Option<&'a str>) -> BTreeMap<String, String> {
    let (mut found, mut said) = (BTreeMap::new(), String::new());
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix(mark) {
            said.push(' ');
            said.push_str(rest.trim_end_matches("*/").trim_start_matches('*').trim());
        } else if line.starts_with('#') || line == "*/" {
        } else {
            if let Some(name) = name(line).filter(|_| !said.is_empty()) {
                found.insert(name.to_owned(), std::mem::take(&mut said));
            }
            said.clear();
        }
    }
    found
}

/// Fails unless both say the same of an option; `others` names those that are called otherwise, and those that are of one side alone.
fn agree(what: &str, theirs: &BTreeMap<String, String>, others: &[(&str, Option<&str>)]) {
    let ours = setters();
    assert!(ours.len() > 25, "{ours:?}");
    let mut seen = 0;
    for (name, said) in theirs {
        let own = match others.iter().find(|(other, _)| other == name) {
            Some((_, None)) => continue,
            Some((_, Some(own))) => own,
            None => name.as_str(),
        };
        let own = ours.get(own).unwrap_or_else(|| panic!("{what}: the library has no {own}"));
        let (said, own) = (clause(said), clause(own));
        assert!(said.starts_with(&own), "{what}, {name}: {said:?}, of which the library says {own:?}");
        seen += 1;
    }
    assert!(seen > 8, "{what}: only {seen} options were found");
}

#[test]
fn the_help_says_what_the_library_says() {
    let fields = documented(&read("cli/src/options.rs"), "///", |line| {
        let field = line.strip_prefix("pub ").unwrap_or(line).split_once(": ")?.0;
        field.chars().all(|c| c.is_alphanumeric() || c == '_').then_some(field)
    });
    let renamed = [
        ("conf", Some("score_threshold")),
        ("nms", Some("iou_threshold")),
        ("names", Some("labels_file")),
        ("rung", Some("conv")),
        // What the model is, is said at greater length to who has a command line.
        ("model", None),
        ("verbose", None),
        ("offline", None),
        ("mirror", None),
        ("no_letterbox", None),
        ("letterbox", None),
        ("no_exif", None),
    ];
    agree("cli/src/options.rs", &fields, &renamed);
}

#[test]
fn the_npm_package_says_what_the_library_says() {
    let source = read("web/package/src/detector.ts");
    let options = source.split("export interface DetectorOptions {").nth(1).unwrap().split("\n}\n").next().unwrap();
    // Comments of one line and of several alike.
    let lines: String = options.replace("/**", "*").replace("     * ", "    * ").replace("     */", "    */");
    let fields = documented(&lines, "*", |line| line.split_once("?: ").map(|(name, _)| name));
    let renamed = [
        ("randomWeights", Some("random_weights")),
        ("names", Some("labels_file")),
        ("conf", Some("score_threshold")),
        ("nms", Some("iou_threshold")),
        ("maxDet", Some("max_det")),
        ("onProgress", Some("progress")),
        ("model", None),
        ("name", None),
        ("weights", None),
        // Of a browser alone; its device is the library's player.
        ("device", None),
        ("subgroups", None),
        ("font", None),
        ("wasm", None),
        ("wasmCpu", None),
    ];
    agree("web/package/src/detector.ts", &fields, &renamed);
    let readme = read("web/package/README.md");
    for name in fields.keys() {
        assert!(
            readme.contains(&format!("`{name}`")) || readme.contains(&format!("{name}:")),
            "web/package/README.md: {name}"
        );
    }
}

/// Behind `<!-- yolov4 .. -->` a page has what that command prints.
#[test]
fn what_a_page_quotes_is_what_the_program_prints() {
    let mut quoted = 0;
    for page in pages() {
        let text = read(&page);
        for (at, _) in text.match_indices("<!-- yolov4 ") {
            let (command, rest) = text[at + "<!-- yolov4 ".len()..].split_once(" -->\n").unwrap();
            let printed = yolov4(&command.split(' ').collect::<Vec<_>>());
            assert!(rest.trim_start().starts_with(printed.trim()), "{page}: behind `{command}` should come\n{printed}");
            quoted += 1;
        }
    }
    assert!(quoted >= 3, "{quoted}");
}

/// docs/training.md has a table of the keys that are about training: the one in src/train/keys.rs.
#[test]
fn the_page_of_training_lists_the_keys_of_a_cfg() {
    use yolov4::low_level::train::keys::{KeyFate, TRAINING_KEYS};
    let page = read("docs/training.md");
    for section in ["net", "yolo"] {
        let row = page.lines().find_map(|line| line.strip_prefix(&format!("| `[{section}]` | "))).unwrap();
        let cells: Vec<&str> = row.trim_end_matches(" |").split(" | ").collect();
        for (cell, fate) in cells.iter().zip([KeyFate::Honoured, KeyFate::Passed, KeyFate::Refused]) {
            let known: BTreeSet<&str> = TRAINING_KEYS
                .iter()
                .filter(|(of, _, f)| *of == section && *f == fate)
                .map(|(_, key, _)| *key)
                .collect();
            let told: BTreeSet<&str> =
                cell.split(", ").filter(|key| *key != "-").map(|key| key.trim_matches('`')).collect();
            assert_eq!(told, known, "[{section}] {fate:?}");
        }
    }
}

#[test]
fn the_page_of_networks_lists_the_operators_of_onnx_that_are_read() {
    let page = read("docs/networks.md");
    let missing: Vec<&&str> =
        yolov4::low_level::model::onnx::OPERATORS.iter().filter(|op| !page.contains(&format!("`{op}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
