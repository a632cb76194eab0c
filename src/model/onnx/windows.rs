//! Windows of convolutions and pools, as ONNX has them.

use super::{
    attributes::{int, sizes, text},
    proto::NodeProto,
    shapes::Axis,
};
use crate::{graph::Pool, tensor::Shape};

/// Rows or columns that a pool here makes.
fn outputs(side: usize, padding: usize, size: usize, stride: usize) -> Option<usize> {
    (side + padding).checked_sub(size).map(|room| room / stride + 1)
}

/// A window of a convolution or a pool.
pub struct OnnxWindow {
    pub size: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    /// At the beginning, of rows and of columns.
    pub before: [usize; 2],
    /// Rows and columns that come out.
    pub outputs: [usize; 2],
}

impl OnnxWindow {
    /// By the attributes of a node that reads a value of that shape; `kernel`: rows and columns where it does not say them.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn of(node: &NodeProto, input: Shape, kernel: Option<[usize; 2]>) -> Result<Self, String> {
        let pair = |name: &str, default: [usize; 2]| -> Result<[usize; 2], String> {
            match sizes(node, name)? {
                None => Ok(default),
                Some(list) => {
                    <[usize; 2]>::try_from(list).map_err(|l| format!("{name}: expected two, found {}", l.len()))
                }
            }
        };
        let size = pair("kernel_shape", kernel.unwrap_or([0; 2]))?;
        let (stride, dilation) = (pair("strides", [1; 2])?, pair("dilations", [1; 2])?);
        if size.contains(&0) || stride.contains(&0) || dilation.contains(&0) {
            return Err(format!(
                "expected a window, strides and dilations above 0, found {size:?}, {stride:?}, {dilation:?}"
            ));
        }
        let pads = sizes(node, "pads")?.unwrap_or_else(|| vec![0; 4]);
        let [top, left, bottom, right] = pads[..] else {
            return Err(format!("pads: expected four, found {}", pads.len()));
        };
        let ceil = int(node, "ceil_mode", 0) != 0;
        let sides = [(input.h, top, bottom), (input.w, left, right)];
        let mut window = Self { size, stride, dilation, before: [top, left], outputs: [0; 2] };
        for (i, (side, before, after)) in sides.into_iter().enumerate() {
            let axis = Axis { input: side, size: size[i], stride: stride[i], dilation: dilation[i] };
            let (before, after) = match text(node, "auto_pad").unwrap_or("NOTSET") {
                "NOTSET" | "" => (before, after),
                "VALID" => (0, 0),
                "SAME_UPPER" => axis.same(false),
                "SAME_LOWER" => axis.same(true),
                other => return Err(format!("auto_pad: there is no `{other}`")),
            };
            window.before[i] = before;
            let outputs = axis.outputs(before, after, ceil);
            window.outputs[i] = outputs.ok_or_else(|| format!("a window of {size:?} does not fit into {input}"))?;
        }
        Ok(window)
    }

    /// What rows and columns have in common.
    ///
    /// # Errors
    /// If they differ.
    pub fn same<T: PartialEq + Copy + std::fmt::Debug>(what: &str, pair: [T; 2]) -> Result<T, String> {
        if pair[0] == pair[1] {
            Ok(pair[0])
        } else {
            Err(format!("{what}: expected the same for rows and columns, found {pair:?}"))
        }
    }

    /// As a pool here has it: the border of both ends as one number.
    ///
    /// # Errors
    /// If none has that border.
    pub fn pool(&self, input: Shape) -> Result<Pool, String> {
        let (size, before) = (Self::same("kernel_shape", self.size)?, Self::same("pads", self.before)?);
        Self::same("dilations", self.dilation)
            .and_then(|d| if d == 1 { Ok(()) } else { Err("dilations: expected 1".into()) })?;
        let fits = |padding: usize| {
            let side = |side: usize, i: usize| outputs(side, padding, size, self.stride[i]) == Some(self.outputs[i]);
            side(input.h, 0) && side(input.w, 1)
        };
        // Darknet's own first, where it is one of them.
        let usual = [size - 1].into_iter().filter(|padding| padding / 2 == before);
        let padding = usual.chain([2 * before, 2 * before + 1]).find(|padding| fits(*padding));
        let padding = padding.ok_or_else(|| {
            format!(
                "pads of {before} before and others behind, for {:?} outputs of {input}, which no pool here has",
                self.outputs
            )
        })?;
        Ok(Pool { size, stride_y: self.stride[0], stride_x: self.stride[1], padding })
    }
}
