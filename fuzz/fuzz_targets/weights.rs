//! Any bytes fill the network or are refused.
#![no_main]

use std::{path::Path, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use yolov4::low_level::model::{
    CfgOptions, Model, WeightsOptions,
    darknet::{build, cfg::Cfg, weights},
};

const CFG: &str = "[net]\nwidth=8\nheight=8\n[convolutional]\nbatch_normalize=1\nfilters=4\nsize=3\npad=1\n\
                   activation=mish\n[convolutional]\nfilters=6\nactivation=linear\n[yolo]\nmask=0\nanchors=3,4\n\
                   classes=1\nnum=1\n";

static NETWORK: LazyLock<Model> = LazyLock::new(|| {
    let path = Path::new("fuzz.cfg");
    let cfg = Cfg::parse(path, CFG).expect("a legal cfg");
    build::from_cfg(path, &cfg, &CfgOptions::default()).expect("a legal network")
});

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let mut bytes = vec![];
    if first & 1 == 1 {
        for version in [0i32, i32::from(first / 64), 5] {
            bytes.extend(version.to_le_bytes());
        }
    }
    bytes.extend(rest);
    // Whole lengths are rare by chance.
    if first & 2 == 2 {
        bytes.resize(weights::expected_bytes(&NETWORK) as usize, 0);
    }
    let options = WeightsOptions { bn_eps: None, allow_truncated: first & 4 == 4 };
    // The length is what the file system said; the file may have shrunk since.
    let said = bytes.len() as u64 + u64::from(first & 8);
    let path = Path::new("fuzz.weights");
    if let Ok(params) = weights::read(&NETWORK, path, &bytes[..], said, &options, &mut vec![]) {
        assert_eq!(params.0.len(), NETWORK.graph.nodes.len());
        assert!(NETWORK.graph.weighted().iter().all(|c| c.conv.is_none_or(|id| params.get(id).is_some())));
    }
});
