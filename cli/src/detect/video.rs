//! The frames of a video.

use std::{num::NonZeroUsize, path::Path, sync::Arc};

use yolov4::{
    Detections, Error,
    low_level::{
        video::{OpenOptions, Spec, open},
        view::{Bell, Pace},
    },
};

use super::{DetectArgs, batch::BatchSize};
use crate::{
    CommandResult, Failure,
    factory::FromOptions,
    interrupt, output, progress,
    results::{Destination, Results},
    viewer::{self, Session, SessionOptions},
};

/// The frames of a video, every one of them; a frame is named after the video and its number, from 0.
pub fn run(args: &DetectArgs, path: &Path) -> CommandResult {
    if args.draw.is_some() {
        return Err(Error::Usage("--draw is for pictures; --out-video writes a video with its boxes".into()).into());
    }
    if args.batch != BatchSize::Of(NonZeroUsize::MIN) {
        return Err(Error::Usage("--batch is for pictures: a video is played frame by frame".into()).into());
    }
    if args.shard.is_some() {
        return Err(Error::Usage("--shard is for pictures: a video is one input".into()).into());
    }
    if args.resume {
        return Err(Error::Usage("--resume is for pictures: a video is played from its beginning".into()).into());
    }
    if args.resize.no_exif {
        return Err(Error::Usage("--no-exif is for pictures".into()).into());
    }
    let spec = Spec::File(path.to_owned());
    let source = open(&spec, &OpenOptions::default())?;
    let target = Destination { format: args.format, out: args.out.clone(), resume: false };
    target.check(&[path.to_owned()])?;
    let factory = FromOptions {
        model: args.model.clone(),
        fetching: args.fetching.clone(),
        machine: args.machine.clone(),
        resize: args.resize.clone(),
        detecting: args.detecting.clone(),
    };
    let request = factory.request();
    let options = SessionOptions {
        pace: Pace { every: true, ..Pace::default() },
        wants_boxes: true,
        ..SessionOptions::new(spec)
    };
    let bell = Bell::default();
    let mut session = Session::new(Arc::new(factory), request, source, options, bell.wake())?;
    session.capture_output.patient = true;
    args.out_video.iter().for_each(|path| session.capture_output.record(path.clone()));
    output::say(format_args!("player: {}", session.live().detector().player()));
    let (mut results, _) = Results::begin(&target, None)?;
    let classes = session.live().detector().class_names().len();
    let bar = progress::bar(0);
    let (name, mut failed) = (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), false);
    viewer::run_headless(&mut session, &bell, &interrupt::stop(bell.wake()), &mut |outcomes, said| {
        for line in said {
            failed |= line.starts_with("error");
            bar.suspend(|| output::say(format_args!("{line}")));
        }
        for outcome in outcomes {
            let image = format!("{}#{}", path.display(), outcome.number);
            let (width, height) = outcome.size;
            let detections = outcome.detections.clone().unwrap_or_default();
            let found = Detections { image, width, height, detections };
            let text = args.format.render(&found, classes)?;
            results.add(outcome.number as usize, &format!("{name}-{:06}", outcome.number), found, &text)?;
            bar.inc(1);
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    let corrupt = session.counts().2;
    if corrupt > 0 {
        output::say(format_args!("error: {}: {corrupt} frames could not be decoded", path.display()));
        failed = true;
    }
    if let Some(trouble) = session.trouble() {
        output::say(format_args!("error: {trouble}"));
        failed = true;
    }
    results.finish()?;
    if failed { Err(Failure::Reported) } else { Ok(()) }
}
