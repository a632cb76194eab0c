//! The figures for people: COCO's, and Darknet's in Darknet's words.

use std::fmt::Write;

use comfy_table::CellAlignment;

use super::{
    report::{DarknetRow, EvalReport},
    score::Scores,
};

/// Everything, as text.
pub fn table(report: &EvalReport, scores: &Scores) -> String {
    let EvalReport { images, objects, classes, detections, settings, ap, best_f1, .. } = report;
    let mut text = settings.source.clone();
    if let (Some([w, h]), Some(conf), Some(nms), Some(most)) =
        (settings.size, settings.conf, settings.nms, settings.max_det)
    {
        let _ = write!(text, " at {w}x{h}, conf {conf}, nms {nms}, at most {most} boxes a picture");
        text.push_str(if settings.tta { ", three looks at each (--tta)" } else { "" });
    }
    let _ = writeln!(text, "\n{images} pictures, {objects} objects of {classes} classes, {detections} boxes\n");
    let rows = [
        ("AP", ap.AP, "mean of IoU 0.50 to 0.95"),
        ("AP50", ap.AP50, "IoU 0.50"),
        ("AP75", ap.AP75, "IoU 0.75"),
        ("APs", ap.APs, "objects of less than 32x32 pixels"),
        ("APm", ap.APm, "less than 96x96"),
        ("APl", ap.APl, "larger ones"),
        ("AR1", ap.AR1, "recall with one box a picture and class"),
        ("AR10", ap.AR10, "with ten"),
        ("AR100", ap.AR100, "with a hundred"),
        ("ARs", ap.ARs, "with a hundred, objects of less than 32x32 pixels"),
        ("ARm", ap.ARm, "less than 96x96"),
        ("ARl", ap.ARl, "larger ones"),
    ];
    for (name, value, what) in rows {
        let _ = writeln!(text, "{name:<6} {}  {what}", figure(value));
    }
    let _ = writeln!(text, "\nF1 at IoU 0.50, mean of classes: best at score {:.3}, {:.3}", best_f1.score, best_f1.f1);
    if !report.per_class.is_empty() {
        let _ = writeln!(text, "\n{}", per_class(report));
    }
    text + &darknet(report, scores)
}

/// -1 is nothing.
fn figure(value: f64) -> String {
    if value < 0.0 { "    -".into() } else { format!("{value:.3}") }
}

fn per_class(report: &EvalReport) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["class", "objects", "AP", "AP50", "AP75", "APs", "APm", "APl", "AR100"]);
    for row in &report.per_class {
        let ap = &row.ap;
        let numbers = [ap.AP, ap.AP50, ap.AP75, ap.APs, ap.APm, ap.APl, ap.AR100].map(figure);
        table.add_row([row.name.clone(), row.objects.to_string()].into_iter().chain(numbers));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// As `darknet detector map` prints it.
fn darknet(report: &EvalReport, scores: &Scores) -> String {
    let DarknetRow { precision, recall, f1, TP, FP, FN, average_iou, detections_count, unique_truth_count, .. } =
        &report.darknet;
    let mut text = format!(
        "\nAs Darknet counts:\n detections_count = {detections_count}, unique_truth_count = {unique_truth_count}\n"
    );
    // In the order of the network's numbers, as Darknet has them.
    let mut rows: Vec<_> = scores.classes.iter().zip(&report.per_class).collect();
    rows.sort_by_key(|(class, _)| class.number);
    for (class, row) in rows {
        let (number, name, ap, darknet) = (class.number, &class.name, row.darknet.ap_area * 100.0, &row.darknet);
        let _ = writeln!(
            text,
            "class_id = {number}, name = {name}, ap = {ap:.2}%   \t (TP = {}, FP = {})",
            darknet.TP, darknet.FP
        );
    }
    let thresh = report.thresh;
    let _ = write!(
        text,
        "\n for conf_thresh = {thresh:.2}, precision = {precision:.2}, recall = {recall:.2}, F1-score = {f1:.2}\n \
         for conf_thresh = {thresh:.2}, TP = {TP}, FP = {FP}, FN = {FN}, average IoU = {:.2} %\n\n",
        average_iou * 100.0
    );
    let ways = [
        (report.darknet.ap_area, "used Area-Under-Curve for each unique Recall".to_owned()),
        (report.darknet.ap_11, "used 11 Recall-points".into()),
        (report.darknet.ap_101, "used 101 Recall-points".into()),
    ];
    for (map, way) in ways {
        let _ = writeln!(
            text,
            " IoU threshold = 50 %, {way}\n mean average precision (mAP@0.50) = {map:.6}, or {:.2} %",
            map * 100.0
        );
    }
    text
}
