//! Any text is a network or an error; what is a network can be counted.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use yolov4::low_level::{
    graph::explain::Totals,
    model::{
        CfgOptions, Decode,
        darknet::{build, cfg::Cfg, weights},
    },
};

/// Half of the inputs go behind this, for few would find a legal first line by themselves.
const HEAD: &str =
    "[net]\nwidth=64\nheight=32\n[convolutional]\nfilters=6\nsize=3\nstride=2\npad=1\nactivation=leaky\n";

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let text = if first & 1 == 0 { text.to_owned() } else { format!("{HEAD}{text}") };
    let path = Path::new("fuzz.cfg");
    let Ok(cfg) = Cfg::parse(path, &text) else { return };
    let decode = [Decode::Auto, Decode::Darknet, Decode::Scaled][usize::from(first / 2) % 3];
    let size = (first & 128 != 0).then_some((96, 64));
    if let Ok(network) = build::from_cfg(path, &cfg, &CfgOptions { size, decode, leaky_slope: None }) {
        assert!(!network.graph.heads.is_empty());
        assert!(network.graph.iter().all(|(_, node)| node.shape.elements() > 0));
        assert_eq!(Totals::new(&network.graph).weights_bytes, weights::expected_bytes(&network));
    }
});
