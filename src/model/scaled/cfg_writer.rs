//! Darknet sections written one after the other: what every block of the family draws on.

use std::fmt::{Display, Formatter, Result, Write};

/// A layer that was written, by its Darknet number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(usize);

/// A `.cfg` in the making. Every method appends a layer that reads the one before it.
#[derive(Clone, Debug)]
pub struct CfgWriter {
    /// Activation of the convolutions that follow, by Darknet's name.
    pub activation: &'static str,
    text: String,
    layers: usize,
}

impl CfgWriter {
    /// Begins with `[net]`; `letterbox`: pictures keep their shape.
    pub fn new((width, height): (usize, usize), letterbox: bool, activation: &'static str) -> Self {
        let mut cfg = Self { activation, text: String::new(), layers: 0 };
        cfg.section("net", &[("width", &width), ("height", &height), ("channels", &3)]);
        if letterbox {
            cfg.line("letter_box", &1);
        }
        cfg.layers = 0;
        cfg
    }

    /// The last layer.
    pub fn last(&self) -> Mark {
        Mark(self.layers.saturating_sub(1))
    }

    /// Batch-normed convolution with the activation of the cfg, padded to keep the size where the stride is 1.
    pub fn conv(&mut self, filters: usize, size: usize, stride: usize) -> Mark {
        let activation = self.activation;
        let shape: [(&str, &dyn Display); 5] =
            [("batch_normalize", &1), ("filters", &filters), ("size", &size), ("stride", &stride), ("pad", &1)];
        let mark = self.section("convolutional", &shape);
        self.line("activation", &activation);
        mark
    }

    /// 1x1 convolution with a bias: the last one before a head.
    pub fn predict(&mut self, filters: usize, activation: &str) -> Mark {
        let shape: [(&str, &dyn Display); 5] =
            [("filters", &filters), ("size", &1), ("stride", &1), ("pad", &1), ("activation", &activation)];
        self.section("convolutional", &shape)
    }

    /// Concatenation of layers, the first named first.
    pub fn concat(&mut self, layers: &[Mark]) -> Mark {
        let back: Vec<String> = layers.iter().map(|l| format!("-{}", self.layers - l.0)).collect();
        self.section("route", &[("layers", &back.join(","))])
    }

    /// Goes on from `layer`; writes nothing if that is the last one.
    pub fn from(&mut self, layer: Mark) -> Mark {
        if layer == self.last() { layer } else { self.concat(&[layer]) }
    }

    /// The second half of the last layer's channels.
    pub fn second_half(&mut self) -> Mark {
        self.section("route", &[("layers", &-1), ("groups", &2), ("group_id", &1)])
    }

    /// The sum of the last layer and another.
    pub fn shortcut(&mut self, other: Mark) -> Mark {
        let back = format!("-{}", self.layers - other.0);
        self.section("shortcut", &[("from", &back), ("activation", &"linear")])
    }

    /// Maximum over windows.
    pub fn max_pool(&mut self, size: usize, stride: usize) -> Mark {
        self.section("maxpool", &[("size", &size), ("stride", &stride)])
    }

    /// Every pixel twice in both directions.
    pub fn upsample(&mut self) -> Mark {
        self.section("upsample", &[("stride", &2)])
    }

    /// Batch-norm and activation once more, of what has had both.
    pub fn again(&mut self) -> Mark {
        let activation = self.activation;
        self.section("batchnorm", &[]);
        self.section("activation", &[("activation", &activation)])
    }

    /// A section of any kind.
    pub fn section(&mut self, kind: &str, keys: &[(&str, &dyn Display)]) -> Mark {
        // Writing to a String does not fail.
        let _ = writeln!(self.text, "{}[{kind}]", if self.text.is_empty() { "" } else { "\n" });
        keys.iter().for_each(|(key, value)| self.line(key, value));
        self.layers += 1;
        self.last()
    }

    fn line(&mut self, key: &str, value: &dyn Display) {
        let _ = writeln!(self.text, "{key}={value}");
    }
}

impl Display for CfgWriter {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(&self.text)
    }
}
