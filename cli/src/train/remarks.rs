//! What a state says besides numbers: what must be the same for a training to go on, and how far it has come; and how it goes on from there.

use std::collections::HashMap;

use yolov4::{
    Error,
    dataset::{SetPart, TrainingSet},
    low_level::{
        digest,
        graph::{Graph, Head},
    },
};

use super::{
    args::Augment,
    device::{LostDevices, device_again},
    outputs::OutputFolder,
    training::{Best, Training},
};
use crate::{CommandResult, output};

/// What must be the same for a training to go on, or its bits would be others.
const OF_ONE_TRAINING: [&str; 18] = [
    "recipe",
    "optimizer",
    "clip",
    "anchors",
    "classes",
    "size",
    "multi-scale",
    "batch",
    "mini",
    "ema",
    "seed",
    "steps in all",
    "rate",
    "augment",
    "frozen",
    "exif",
    "pictures",
    // Behind what says more of itself.
    "keys, and numbers it began with",
];

/// How many pictures are learnt from and measured on, and which.
fn pictures(set: &TrainingSet) -> String {
    let names = |part: SetPart| {
        let paths = set.part(part).iter().map(|picture| picture.image.path.to_string_lossy().into_owned());
        paths.collect::<Vec<String>>()
    };
    let (train, valid) = (names(SetPart::Train), names(SetPart::Valid));
    let which = digest::short(train.iter().map(String::as_str).chain(["|"]).chain(valid.iter().map(String::as_str)));
    format!("{} and {} ({which})", train.len(), valid.len())
}

/// Anchors of every head, as a cfg has them.
fn anchors(graph: &Graph) -> String {
    let of = |head: &Head| head.anchors.iter().map(|(w, h)| format!("{w},{h}")).collect::<Vec<_>>().join(" ");
    graph.heads.iter().map(of).collect::<Vec<_>>().join("; ")
}

impl Training<'_> {
    /// Goes on from the state in the folder.
    pub fn resume(&mut self, folder: &mut OutputFolder) -> CommandResult {
        let remarks = self.session.resume(&folder.state())?;
        let own = self.remarks();
        for key in OF_ONE_TRAINING {
            if remarks.get(key) != own.get(key) {
                let said = |of: Option<&String>| of.map_or("nothing", String::as_str).to_owned();
                let (was, is) = (said(remarks.get(key)), said(own.get(key)));
                return Err(Error::Usage(format!(
                    "--resume: {key}: was {was}, is {is}; what goes on must be the same"
                ))
                .into());
            }
        }
        let number = |key: &str| remarks.get(key).and_then(|text| text.parse::<f64>().ok());
        self.best = Best {
            ap: number("best AP50").zip(number("best AP")).map(|(ap50, ap)| [ap50, ap]),
            step: number("best step").unwrap_or_default() as u64,
            since: number("since best").unwrap_or_default() as usize,
        };
        self.measured = number("measured").unwrap_or_default() as u64;
        folder.forget_after(self.session.steps(), self.measured)?;
        output::say(format_args!("goes on after step {}", self.session.steps()));
        Ok(())
    }

    /// Goes on with another device from what was saved last, or from the beginning.
    pub(super) fn renew(&mut self, folder: &mut OutputFolder, why: &str, lost: &mut LostDevices) -> CommandResult {
        let state = folder.state();
        let saved = if state.exists() { format!("; --resume goes on from {}", state.display()) } else { String::new() };
        let fail = |e: Error| Error::DeviceLost(format!("{why}; {e}{saved}"));
        if lost.hopeless(self.session.steps()) {
            return Err(Error::DeviceLost(format!("{why}, again and again{saved}")).into());
        }
        output::say(format_args!("warning: the device was lost ({why}): it is asked for again"));
        self.session.renew(&device_again(self.args).map_err(fail)?).map_err(fail)?;
        if state.exists() {
            return self.resume(folder);
        }
        (self.best, self.measured) = (Best::default(), 0);
        folder.forget_after(0, 0)?;
        Ok(())
    }

    /// What a state says besides numbers.
    pub(super) fn remarks(&self) -> HashMap<String, String> {
        let mut remarks = HashMap::from([
            ("keys, and numbers it began with".to_owned(), self.origin.clone()),
            ("recipe".to_owned(), self.keys.recipe.name().to_owned()),
            ("optimizer".to_owned(), self.keys.optimizer.name().to_owned()),
            ("clip".to_owned(), self.args.clip.map_or_else(|| "none".to_owned(), |clip| clip.to_string())),
            ("anchors".to_owned(), anchors(&self.network.graph)),
            ("classes".to_owned(), self.set.classes.join(",")),
            ("batch".to_owned(), self.args.batch.to_string()),
            ("mini".to_owned(), self.mini.to_string()),
            ("ema".to_owned(), self.ema.to_string()),
            ("seed".to_owned(), self.args.seed.to_string()),
            ("steps in all".to_owned(), self.steps.to_string()),
            ("pictures".to_owned(), pictures(self.set)),
            ("rate".to_owned(), self.schedule.learning_rate.to_string()),
            ("augment".to_owned(), (self.args.augment == Augment::On).to_string()),
            ("frozen".to_owned(), self.frozen.to_string()),
            ("size".to_owned(), format!("{:?}", self.network.graph.canvas())),
            ("exif".to_owned(), (!self.args.no_exif).to_string()),
            ("measured".to_owned(), self.measured.to_string()),
            ("best step".to_owned(), self.best.step.to_string()),
            ("since best".to_owned(), self.best.since.to_string()),
        ]);
        if let Some(factor) = self.args.multi_scale {
            remarks.insert("multi-scale".to_owned(), factor.to_string());
        }
        for (name, ap) in ["best AP50", "best AP"].into_iter().zip(self.best.ap.into_iter().flatten()) {
            remarks.insert(name.to_owned(), ap.to_string());
        }
        remarks
    }
}
