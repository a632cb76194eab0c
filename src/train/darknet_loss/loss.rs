//! The loss of a picture, and of a batch.

use crate::train::darknet_loss::{
    BoxGradient, HeadValues, Misfit, Tally, Truth, YoloSection, sheet::DeltaSheet, truth::usable,
};

/// What one head makes of its truths.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadLoss {
    /// As the head lies: what its values should be moved by. Darknet's sign, the *negative* gradient at the output of the
    /// head convolution. Neither divided by anything nor multiplied with the derivative of the convolution's activation.
    pub deltas: Vec<f64>,
    /// Counts and sums, and [`Tally::cost`] from them.
    pub tally: Tally,
}

/// The loss of one picture: `head.raw` is \[masks*(5+classes), h, w\].
pub fn picture<T: Copy + Into<f64>>(
    section: &YoloSection,
    gradient: BoxGradient,
    head: HeadValues<'_, T>,
    truths: &[Truth],
) -> Result<HeadLoss, Misfit> {
    head.check(section, 1)?;
    let usable = usable(section, truths);
    let mut sheet = DeltaSheet::new(section, gradient, head);
    sheet.tally.skipped = truths.len() - usable.len();
    for spot in sheet.spots() {
        sheet.pull_background(spot, &usable);
    }
    for truth in &usable {
        match truth.cell(head.grid) {
            Some(cell) => sheet.place(truth, cell),
            None => sheet.tally.skipped += 1,
        }
    }
    if section.iou_thresh < 1.0 {
        sheet.average_boxes();
    }
    sheet.add_up();
    Ok(HeadLoss { deltas: sheet.deltas, tally: sheet.tally })
}

/// The loss of a batch: `heads.raw` is \[batch, masks*(5+classes), h, w\], `truths` one list for each picture. Pictures do
/// not see each other: the deltas are those of [`picture`] one after the other, and the tallies add. Darknet's cost of the
/// layer is that of the sum.
pub fn batch<T: Copy + Into<f64>>(
    section: &YoloSection,
    gradient: BoxGradient,
    heads: HeadValues<'_, T>,
    truths: &[impl AsRef<[Truth]>],
) -> Result<HeadLoss, Misfit> {
    let each = heads.check(section, truths.len())?;
    let mut sum = HeadLoss { deltas: Vec::with_capacity(heads.raw.len()), tally: Tally::default() };
    for (index, truths) in truths.iter().enumerate() {
        let raw = &heads.raw[index * each..(index + 1) * each];
        let loss = picture(section, gradient, HeadValues { raw, ..heads }, truths.as_ref())?;
        sum.deltas.extend(loss.deltas);
        sum.tally += loss.tally;
    }
    Ok(sum)
}

impl<T: Copy + Into<f64>> DeltaSheet<'_, T> {
    /// Sums over the finished sheet, by what each value means.
    pub fn add_up(&mut self) {
        let each = 5 + self.section().classes;
        let planes = self.deltas.chunks(self.reading.head.cells()).zip(self.losses.chunks(self.reading.head.cells()));
        for (channel, (deltas, losses)) in planes.enumerate() {
            let square = deltas.iter().map(|d| d * d).sum::<f64>();
            let loss = losses.iter().sum::<f64>();
            let (squares, objective) = (&mut self.tally.squares, &mut self.tally.objective);
            let (squares, objective) = match channel % each {
                0..4 => (&mut squares.boxes, &mut objective.boxes),
                4 => (&mut squares.objectness, &mut objective.objectness),
                _ => (&mut squares.classes, &mut objective.classes),
            };
            *squares += square;
            *objective += loss;
        }
    }
}
