//! Tables 8 to 14: as the paper reports them.

use yolov4::low_level::paper::{TABLE_8, TABLE_9, TABLE_10, TABLE_11, TABLE_12, TABLE_13, TABLE_14};

use super::sheet::{Cell, Sheet};

fn percent(values: &[f64]) -> impl Iterator<Item = Cell> + '_ {
    values.iter().map(|value| Cell::Number(*value, 1))
}

/// All of them.
pub fn sheets() -> Vec<Sheet> {
    vec![table_8(), table_9(), table_10(), table_11(), table_12(), table_13(), table_14()]
}

fn table_8() -> Sheet {
    let title = "Table 8: backbones, necks, activations at 608; AP on COCO minival, FPS of batches of 8";
    let columns = ["backbone", "neck", "activation", "Mparams", "GFLOP", "FPS", "AP"];
    let mut sheet = Sheet::new("8", title, &columns);
    for row in TABLE_8 {
        let words = [row.backbone, row.neck, row.activation].map(Cell::from);
        let numbers = [(row.parameters, 0), (row.gflop, 0), (row.fps, 0), (row.ap, 1)];
        sheet.row(words.into_iter().chain(numbers.map(|(value, decimals)| Cell::Number(value, decimals))));
    }
    sheet
}

fn table_9() -> Sheet {
    let title = "Table 9: backbones of YOLOv4-tiny; AP on COCO minival, FPS on a Jetson TX2";
    let mut sheet = Sheet::new("9", title, &["backbone", "GFLOP", "FPS", "AP"]);
    for row in TABLE_9 {
        sheet.row([row.backbone.into(), Cell::Number(row.gflop, 1), Cell::Number(row.fps, 0), Cell::Number(row.ap, 1)]);
    }
    sheet
}

fn table_10() -> Sheet {
    let title = "Table 10: longer training, with stronger augmentation; AP on COCO minival";
    let mut sheet = Sheet::new("10", title, &["network", "epochs", "and fine-tuning", "AP", "AP50", "AP75"]);
    for row in TABLE_10 {
        let finetune = row.finetune.map_or(Cell::Nothing, |epochs| Cell::Count(epochs.into()));
        sheet.row([row.model.into(), Cell::Count(row.scratch.into()), finetune].into_iter().chain(percent(&row.ap)));
    }
    sheet
}

fn table_11() -> Sheet {
    let title = "Table 11: the family on COCO test-dev, FPS on a Tesla V100";
    let columns = ["network", "of ours", "size", "FPS", "FPS, one by one", "AP", "AP50", "AP75", "APs", "APm", "APl"];
    let mut sheet = Sheet::new("11", title, &columns);
    for row in TABLE_11 {
        let first = [row.model.into(), row.network.into(), Cell::Count(row.size as u64)];
        sheet.row(first.into_iter().chain(row.fps.map(|fps| Cell::Number(fps, 0))).chain(percent(&row.ap)));
    }
    sheet
}

fn table_12() -> Sheet {
    let title = "Table 12: the same with test-time augmentation";
    let mut sheet = Sheet::new("12", title, &["network", "AP", "AP50", "AP75"]);
    for row in TABLE_12 {
        sheet.row([row.model.into()].into_iter().chain(percent(&row.ap)));
    }
    sheet
}

fn table_13() -> Sheet {
    let title = "Table 13: small networks on COCO test-dev";
    let columns = ["network", "size", "FPS, GTX 1080 Ti", "FPS, Jetson TX2", "AP"];
    let mut sheet = Sheet::new("13", title, &columns);
    for row in TABLE_13 {
        sheet.row([
            row.model.into(),
            Cell::Count(row.size as u64),
            Cell::Number(row.fps_1080ti, 0),
            Cell::maybe(row.fps_tx2, 0),
            Cell::Number(row.ap, 1),
        ]);
    }
    sheet
}

fn table_14() -> Sheet {
    let title = "Table 14: YOLOv4-tiny at 416 on small machines, FPS";
    let columns = ["machine", "without TensorRT", "TensorRT, f16", "four pictures at a time"];
    let mut sheet = Sheet::new("14", title, &columns);
    for row in TABLE_14 {
        let numbers = [row.plain, row.one, row.four].map(|fps| Cell::maybe(fps, 0));
        sheet.row([row.machine.into()].into_iter().chain(numbers));
    }
    sheet.note("773 on the RTX 2080 Ti is OpenCV's, one picture at a time; 1774 is TensorRT's, four at a time.");
    sheet
}
