//! The house: who may use whom, what every kernel must have, how long a file may be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use yolov4::low_level::kernels::{catalogue, conv::Variant};

/// What each floor may name with `crate::`. `lib.rs` itself is the roof and may name all.
const FLOORS: &[(&str, &[&str])] = &[
    ("digest", &[]),
    ("error", &[]),
    ("ordered", &[]),
    ("paper", &[]),
    ("task", &[]),
    ("text", &[]),
    ("files", &["digest"]),
    ("fetch", &["digest", "error", "files", "fetch"]),
    ("tensor", &["error"]),
    ("host", &["error", "tensor", "host"]),
    ("kernels", &["host", "tensor", "kernels"]),
    ("ops", &["error", "tensor", "kernels", "ops"]),
    ("graph", &["error", "tensor", "kernels", "ops", "graph"]),
    ("model", &["digest", "error", "files", "fetch", "host", "tensor", "text", "kernels", "graph", "model"]),
    ("gpu", &["digest", "error", "task", "host", "tensor", "kernels", "ops", "graph", "gpu"]),
    ("cpu", &["error", "task", "tensor", "ops", "graph", "cpu"]),
    ("oracle", &["error", "host", "tensor", "kernels", "ops", "graph", "oracle"]),
    ("dataset", &["error", "host", "model", "dataset"]),
    (
        "detect",
        &[
            "dataset", "digest", "error", "files", "task", "host", "tensor", "kernels", "graph", "model", "gpu", "cpu",
            "oracle", "ordered", "detect",
        ],
    ),
    ("train", &["error", "files", "task", "tensor", "host", "ops", "graph", "model", "gpu", "oracle", "train"]),
    ("eval", &["eval"]),
    ("video", &["error", "host", "detect", "video"]),
    ("track", &["error", "detect", "track"]),
    ("view", &["error", "task", "host", "kernels", "gpu", "detect", "video", "track", "view"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The text without comments and doc comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|l| l.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// The first segments of every `crate::x` and of the braces after `crate::{`.
fn edges(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let (mut depth, mut start) = (0, true);
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    ':' if depth == 0 => start = false,
                    c if depth == 0 && start && (c.is_alphanumeric() || c == '_') => word.push(c),
                    _ => {}
                }
                if (!start || c == ',') && !word.is_empty() {
                    found.push(std::mem::take(&mut word));
                }
            }
            if !word.is_empty() {
                found.push(word);
            }
        } else {
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found.retain(|word| word.chars().next().is_some_and(char::is_lowercase));
    found
}

fn floor(path: &Path) -> Option<String> {
    let relative = path.strip_prefix(root().join("src")).unwrap();
    let first = relative.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
    (!matches!(first.as_str(), "lib" | "low_level")).then_some(first)
}

#[test]
fn no_floor_uses_one_above_or_beside_it() {
    let allowed: BTreeMap<_, _> = FLOORS.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in files(&root().join("src"), "rs") {
        let Some(floor) = floor(&path) else { continue };
        let may = allowed.get(floor.as_str()).unwrap_or_else(|| panic!("{}: not a floor", path.display()));
        for edge in edges(&code(&path)) {
            seen += 1;
            let floors = FLOORS.iter().any(|(name, _)| *name == edge);
            if edge != floor && floors && !may.contains(&edge.as_str()) {
                wrong.push(format!("{}: {floor} uses {edge}", path.display()));
            }
        }
    }
    assert!(seen > 100, "only {seen} edges were found: the reader is broken");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A path from the crate on, and what it is called where it is used.
type Used = (Vec<String>, String);

/// Adds what a tree of `use` names.
fn expand(prefix: &[String], tree: &str, found: &mut Vec<Used>) {
    let segments = |text: &str| -> Vec<String> {
        let names = text.split("::").map(str::trim).filter(|name| !name.is_empty() && *name != "self");
        prefix.iter().cloned().chain(names.map(str::to_owned)).collect()
    };
    let Some((head, rest)) = tree.split_once('{') else {
        let (path, name) = tree.split_once(" as ").unwrap_or((tree, tree));
        let name = name.rsplit("::").next().unwrap().trim().to_owned();
        return found.push((segments(path), name));
    };
    let (prefix, mut depth) = (segments(head), 0);
    let inner = &rest[..rest.rfind('}').unwrap()];
    let parts = inner.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    parts.filter(|part| !part.trim().is_empty()).for_each(|part| expand(&prefix, part, found));
}

/// Every path that a file uses, from the crate on; `module` is its own.
fn used(code: &str, module: &[String], lists: bool) -> Vec<Used> {
    let mut found = Vec::new();
    for statement in code.split(';').filter_map(|text| text.rsplit_once("use ").map(|(_, tree)| tree)) {
        let statement = statement.trim();
        let above = &module[..module.len().saturating_sub(1)];
        match statement.split_once("::") {
            Some(("crate", rest)) => expand(&[], rest, &mut found),
            Some(("super", rest)) => expand(above, rest, &mut found),
            _ if lists => expand(module, statement, &mut found),
            _ => {}
        }
    }
    found
}

/// Files that use each other, directly or by others, would have to be read at once.
#[test]
fn no_circle_of_files() {
    let found: usize = ["src", "cli/src"].map(|tree| edges_without_circle(&root().join(tree))).iter().sum();
    assert!(found > 500, "the reader is broken");
}

/// How often a file of a tree uses another.
fn edges_without_circle(tree: &Path) -> usize {
    let mut files_of: BTreeMap<Vec<String>, (String, bool)> = BTreeMap::new();
    for path in files(tree, "rs") {
        let inside = path.strip_prefix(tree).unwrap().with_extension("");
        let mut module: Vec<String> = inside.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
        let lists = module.last().unwrap() == "mod";
        if lists {
            module.pop();
        }
        if module[0] != "main" && module[0] != "lib" {
            // Tests of a file use what they test.
            let code = code(&path).split("#[cfg(test)]").next().unwrap().to_owned();
            files_of.insert(module, (code, lists));
        }
    }
    let all: BTreeMap<&Vec<String>, Vec<Used>> =
        files_of.iter().map(|(module, (code, lists))| (module, used(code, module, *lists))).collect();
    // The file that a path leads to: what a `mod.rs` only hands on is looked up where it comes from.
    let lead = |path: &Vec<String>| -> Option<Vec<String>> {
        let mut path = path.clone();
        for _ in 0..5 {
            let module = (1..=path.len()).rev().map(|n| path[..n].to_vec()).find(|m| files_of.contains_key(m))?;
            let name = path.get(module.len());
            let here = |(from, called): &&Used| files_of[&module].1 && Some(called) == name && *from != path;
            match all[&module].iter().find(here) {
                Some((from, _)) => path = from.clone(),
                None => return Some(module),
            }
        }
        None
    };
    let edges: BTreeMap<&Vec<String>, Vec<Vec<String>>> = all
        .iter()
        .map(|(module, used)| {
            (*module, used.iter().filter_map(|(path, _)| lead(path)).filter(|to| to != *module).collect())
        })
        .collect();
    // What uses nothing that is left goes, and what nothing uses: circles stay, and what is between them.
    let mut left: Vec<&Vec<String>> = edges.keys().copied().collect();
    let mut before = left.len() + 1;
    while left.len() < before {
        before = left.len();
        let kept = left.clone();
        left.retain(|module| edges[*module].iter().any(|to| kept.contains(&to)));
        left.retain(|module| kept.iter().any(|other| edges[*other].contains(module)));
    }
    let names: Vec<String> = left.iter().map(|module| module.join("::")).collect();
    assert!(left.is_empty(), "these files use each other: {}", names.join(", "));
    edges.values().map(Vec::len).sum()
}

#[test]
fn only_the_gpu_floor_says_wgpu() {
    for path in files(&root().join("src"), "rs") {
        let says = code(&path).contains("wgpu::");
        let may = matches!(floor(&path).as_deref(), Some("gpu" | "view"));
        assert!(!says || may, "{} names wgpu", path.display());
    }
}

/// The fourth place, a problem, is proved where problems are played: `every_kernel_has_been_compared` in `tests/kernels.rs`.
#[test]
fn every_kernel_has_its_text_its_dispatch_and_its_twin() {
    let listed: Vec<&str> = catalogue().iter().map(|k| k.name).collect();
    let shaders = root().join("shaders");
    for folder in ["", "train/"] {
        for shader in fs::read_dir(shaders.join(folder)).unwrap() {
            let path = shader.unwrap().path();
            if path.is_dir() || path.extension().is_none_or(|e| e != "wgsl") {
                continue;
            }
            let name = format!("{folder}{}", path.file_stem().unwrap().to_str().unwrap());
            assert!(listed.contains(&name.as_str()), "shaders/{name}.wgsl is not in the catalogue of src/kernels");
        }
    }
    let rungs: Vec<String> = files(&root().join("src/kernels/conv"), "rs").iter().map(|file| code(file)).collect();
    for kernel in catalogue() {
        let name = kernel.name;
        let text = format!("shaders/{name}.wgsl");
        assert!(root().join(&text).exists(), "kernel {name} lacks {text}");
        // A file of its own, or that of the rung which it plays.
        let own = root().join(format!("src/kernels/{name}.rs")).exists();
        let rungs = rungs.iter().filter(|rung| rung.contains(&format!("name: \"{name}\""))).count();
        assert_eq!(usize::from(own) + rungs, 1, "kernel {name} has one file below src/kernels");
        // Of an op in its room, of what comes before and after the network among the oracle's own.
        let twins = [
            format!("src/ops/{}.rs", kernel.twin),
            format!("src/ops/{}/oracle.rs", kernel.twin),
            format!("src/oracle/{}.rs", kernel.twin),
            // What a step does to the numbers.
            format!("src/train/{}.rs", kernel.twin),
        ];
        let found = twins.iter().filter(|twin| root().join(twin).exists()).count();
        assert_eq!(found, 1, "kernel {name} has one twin, in one of {twins:?}");
        let last = kernel.parts.last().unwrap();
        assert_eq!(last.file, format!("{name}.wgsl"), "the kernel's own file comes last");
        let uses: Vec<&str> = last.text.lines().filter_map(|l| l.strip_prefix("// uses: ")).collect();
        let uses: Vec<&str> = uses.iter().flat_map(|l| l.split_whitespace()).collect();
        let parts: Vec<&str> = kernel.parts[..kernel.parts.len() - 1].iter().map(|p| p.file).collect();
        assert_eq!(uses, parts, "{name}: its `uses:` line");
    }
}

#[test]
fn every_rung_is_one_file() {
    for rung in Variant::ALL {
        let file = format!("src/kernels/conv/{}.rs", rung.name().replace('-', "_"));
        assert!(root().join(&file).exists(), "the rung {} lacks {file}", rung.name());
        assert!(!rung.kernels().is_empty(), "the rung {} has no kernel", rung.name());
    }
}

/// What measures an adapter is no op: it has a text and a place in the list, no twin, no problem.
#[cfg(feature = "gpu")]
#[test]
fn every_measuring_kernel_is_listed() {
    use yolov4::low_level::gpu::ROOF_KERNELS;
    let listed: Vec<&str> = ROOF_KERNELS.iter().map(|k| k.name).collect();
    for path in files(&root().join("shaders/roof"), "wgsl") {
        let name = format!("roof/{}", path.file_stem().unwrap().to_str().unwrap());
        assert!(listed.contains(&name.as_str()), "shaders/{name}.wgsl is not in ROOF_KERNELS of src/gpu/roof.rs");
    }
    for kernel in ROOF_KERNELS {
        let name = kernel.name;
        assert!(root().join(format!("shaders/{name}.wgsl")).exists(), "kernel {name} lacks its text");
        assert!(catalogue().iter().all(|other| other.name != name), "{name} is in the catalogue of ops too");
        let (own, shared) = kernel.parts.split_last().unwrap();
        assert_eq!(own.file, format!("{name}.wgsl"), "the kernel's own file comes last");
        let uses = own.text.lines().find_map(|l| l.strip_prefix("// uses: ")).unwrap_or_default();
        let parts: Vec<&str> = shared.iter().map(|p| p.file).collect();
        assert_eq!(uses.split_whitespace().collect::<Vec<_>>(), parts, "{name}: its `uses:` line");
    }
}

/// Types that others can name, by name, with where they are. Two of one file are one for two kinds of machine.
fn public_types() -> BTreeMap<String, BTreeSet<PathBuf>> {
    let mut found: BTreeMap<String, BTreeSet<PathBuf>> = BTreeMap::new();
    for path in ["src", "cli/src", "web/src", "xtask/src"].iter().flat_map(|tree| files(&root().join(tree), "rs")) {
        for line in code(&path).lines().map(str::trim_start).filter(|line| line.starts_with("pub")) {
            let mut words = line.split_whitespace().skip(1);
            if matches!(words.next(), Some("struct" | "enum" | "trait" | "type" | "union")) {
                let name = words.next().unwrap_or_default().split(|c: char| !c.is_alphanumeric() && c != '_').next();
                found.entry(name.unwrap_or_default().to_owned()).or_default().insert(path.clone());
            }
        }
    }
    found
}

#[test]
fn no_two_public_types_have_one_name() {
    let types = public_types();
    assert!(types.len() > 250, "the reader is broken: {} types", types.len());
    let twice: Vec<String> = types
        .iter()
        .filter(|(_, files)| files.len() > 1)
        .map(|(name, files)| {
            format!("{name}: {}", files.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", "))
        })
        .collect();
    assert!(twice.is_empty(), "one name for one meaning:\n{}", twice.join("\n"));
}

#[test]
fn files_are_short_and_do_not_panic() {
    let mut wrong = Vec::new();
    for path in ["src", "cli/src"].iter().flat_map(|tree| files(&root().join(tree), "rs")) {
        let text = fs::read_to_string(&path).unwrap();
        if text.lines().count() > 400 {
            wrong.push(format!("{}: {} lines", path.display(), text.lines().count()));
        }
        let body = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in [".unwrap()", ".expect(", "todo!(", "unimplemented!(", "panic!(", "unreachable!("] {
            if body.contains(word) {
                wrong.push(format!("{}: {word}", path.display()));
            }
        }
    }
    for path in files(&root().join("shaders"), "wgsl") {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        if lines > 160 {
            wrong.push(format!("{}: {lines} lines", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Tracked files that may be larger than 1 MB, and why.
const LARGE: [(&str, &str); 1] =
    [("assets/demo.safetensors", "the demo network, which `yolov4 demo` must play without a download")];

#[test]
fn nothing_large_is_tracked() {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    // A copy below `target` is none: nothing of it is tracked.
    let Some(listed) = listed.ok().filter(|listed| listed.status.success() && !listed.stdout.is_empty()) else {
        println!("SKIPPED: this is no checkout of git");
        return;
    };
    let names = String::from_utf8(listed.stdout).unwrap();
    let size = |name: &str| fs::metadata(root().join(name)).map_or(0, |file| file.len());
    let large: Vec<&str> = names.split_terminator('\0').filter(|name| size(name) > 1_000_000).collect();
    assert_eq!(large, LARGE.map(|(name, _)| name), "tracked files of more than 1 MB: who clones loads them for ever");
}

#[test]
fn readme_and_ci_name_one_test_command() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let ci = fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(readme.contains("\ncargo xtask test\n"), "the README's test command");
    assert!(
        ci.contains("\ntimed cargo xtask test --all\n"),
        ".ci/run calls the README's test command, the long tests included"
    );
}

/// The crates take theirs from the workspace; npm has no such thing.
#[test]
fn the_npm_package_has_the_version_of_the_crates() {
    let text = fs::read_to_string(root().join("web/package/package.json")).unwrap();
    let package: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(package["version"], env!("CARGO_PKG_VERSION"));
}
