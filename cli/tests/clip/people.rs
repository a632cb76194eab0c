//! A frame of a video and a picture of that frame have the same boxes.

use std::{fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;
use yolov4::low_level::{oracle, video::Next};

use crate::{Found, Trained, clips, found, people, text};

/// Frames of the clip that are played, and of these one in so many that is looked at.
const PLAYED: usize = 60;
const EVERY: usize = 10;
/// Least score of the boxes that are read; those a little above it may fall either way.
const CONF: f64 = 0.2;

/// What two programs differ by, at most.
#[derive(Debug, Default)]
struct Worst {
    boxes: usize,
    lost: usize,
    iou: f64,
    score: f64,
}

impl Worst {
    /// Takes in the boxes of one frame, from both sides. A box well above the threshold without a partner of its class is
    /// lost.
    fn compare(&mut self, a: &[Found], b: &[Found]) {
        for (own, others) in [(a, b), (b, a)] {
            for f in own.iter().filter(|f| f.score > CONF + 0.05) {
                self.boxes += 1;
                let alike = others.iter().filter(|o| o.class == f.class);
                match alike.max_by(|x, y| x.iou(f).total_cmp(&y.iou(f))).filter(|o| o.iou(f) > 0.5) {
                    None => self.lost += 1,
                    Some(o) => {
                        self.iou = self.iou.max(1.0 - o.iou(f));
                        self.score = self.score.max((o.score - f.score).abs());
                    }
                }
            }
        }
    }
}

/// Boxes of the frames that are looked at, as the viewer's lines have them.
fn of_video(model: &Trained, clip: &Path) -> Vec<Vec<Found>> {
    let conf = CONF.to_string();
    let lines = model.lines(&["view", text(clip), "--headless", "--json", "-", "--conf", &conf], &[]);
    assert_eq!(lines.len(), PLAYED);
    for (number, line) in lines.iter().enumerate() {
        assert_eq!(line["frame"], number);
        // 10 frames a second.
        assert!((line["time"].as_f64().unwrap() - number as f64 / 10.0).abs() < 1e-3, "{}", line["time"]);
        assert_eq!((&line["width"], &line["height"]), (&Value::from(768), &Value::from(432)));
    }
    lines.iter().step_by(EVERY).map(found).collect()
}

/// People in pictures of a folder, in the order of their names.
fn of_pictures(model: &Trained, folder: &Path) -> Vec<Vec<Found>> {
    let conf = CONF.to_string();
    model.lines(&["detect", text(folder), "--format", "jsonl", "--conf", &conf], &[]).iter().map(found).collect()
}

#[test]
fn boxes_of_a_frame_are_those_of_its_picture() {
    let Some((models, _folder, clip)) = people(27, PLAYED) else { return };
    let (by_ffmpeg, own) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    // Without these flags ffmpeg halves the colours of every second row and takes a short cut in rounding.
    let accurate = "-sws_flags bilinear+full_chroma_int+full_chroma_inp+accurate_rnd";
    let select = format!("-vf select=not(mod(n\\,{EVERY})) -fps_mode passthrough -frames:v {}", PLAYED / EVERY);
    let pictures = by_ffmpeg.path().join("%04d.png");
    clips::ffmpeg(&format!("-i {} {select} {accurate} -pix_fmt rgb24 {{}}", clip.display()), &pictures);
    // The same frames by the decoder of this crate and the definition of the colours.
    let mut source = clips::open_file(&clip);
    for number in 0..PLAYED {
        let Next::Frame(frame) = source.next().unwrap() else { panic!("frame {number}") };
        if number % EVERY == 0 {
            let picture = oracle::to_rgba(&frame);
            let (w, h) = (picture.width as u32, picture.height as u32);
            let image = image::RgbaImage::from_raw(w, h, picture.rgba).unwrap();
            let path = own.path().join(format!("{number:04}.png"));
            image::DynamicImage::from(image).to_rgb8().save(path).unwrap();
        }
    }
    assert_eq!(fs::read_dir(by_ffmpeg.path()).unwrap().count(), PLAYED / EVERY);
    for model in &models {
        let video = of_video(model, &clip);
        // Two other ways to interpolate colours cost a little; one level of rounding here and there costs nothing one sees.
        for (whose, folder, iou, score) in
            [("ffmpeg", by_ffmpeg.path(), 0.95, 0.03), ("the oracle", own.path(), 0.995, 0.004)]
        {
            let pictures = of_pictures(model, folder);
            assert_eq!(video.len(), pictures.len());
            let mut worst = Worst::default();
            video.iter().zip(&pictures).for_each(|(a, b)| worst.compare(a, b));
            println!(
                "{}: {} boxes in both directions, pictures by {whose}: worst IoU {:.5}, worst score {:.5} apart",
                model.name,
                worst.boxes,
                1.0 - worst.iou,
                worst.score
            );
            assert!(worst.boxes >= video.len(), "only {} boxes", worst.boxes);
            assert!(
                worst.lost == 0 && worst.iou <= 1.0 - iou && worst.score <= score,
                "{}, pictures by {whose}: {worst:?}",
                model.name
            );
        }
    }
}
