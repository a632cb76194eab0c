//! The paper's tables: every formula and figure against the copy beside the test data, and against arithmetic by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use serde_json::Value;
use yolov4::low_level::{
    graph::{Builder, NodeId, Op, Pool, Upsample, explain::Totals, reach::reaches},
    model::scaled::{NAMES, Recipe},
    oracle,
    paper::{
        Aggregation, DEPTH_EXPONENTS, FACTORS, Factors, Growth, LayerKind, Map, StageKind, TABLE_8, TABLE_9, TABLE_10,
        TABLE_11, TABLE_12, TABLE_13, TABLE_14, depth, memory_access,
    },
    tensor::{Shape, Tensor},
};
use yolov4_suite::problems::conv;

fn tables() -> Option<Value> {
    let path = common::test_data()?.join("reference/paper_tables.json");
    Some(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
}

/// A formula of the paper in numbers: products written side by side, `^`, `/`, sums and parentheses.
struct Formula<'a> {
    rest: &'a str,
    letters: &'a [(char, f64)],
}

impl Formula<'_> {
    fn value(text: &str, letters: &[(char, f64)]) -> f64 {
        // As the tables spell squares: b2, g2.
        let text: String = text.chars().filter(|c| !c.is_whitespace() && *c != '*').collect();
        let mut formula = Formula { rest: &text, letters };
        let value = formula.sum();
        assert!(formula.rest.is_empty(), "{text}: `{}` is left", formula.rest);
        value
    }

    fn next(&mut self, c: char) -> bool {
        let found = self.rest.starts_with(c);
        if found {
            self.rest = &self.rest[c.len_utf8()..];
        }
        found
    }

    fn sum(&mut self) -> f64 {
        let mut value = self.product();
        loop {
            if self.next('+') {
                value += self.product();
            } else if self.next('-') {
                value -= self.product();
            } else {
                return value;
            }
        }
    }

    fn product(&mut self) -> f64 {
        let mut value = self.factor().expect("a factor");
        loop {
            if self.next('/') {
                value /= self.factor().expect("a divisor");
            } else if let Some(factor) = self.factor() {
                value *= factor;
            } else {
                return value;
            }
        }
    }

    fn factor(&mut self) -> Option<f64> {
        let c = self.rest.chars().next()?;
        let base = if self.next('(') {
            let value = self.sum();
            assert!(self.next(')'));
            value
        } else if c.is_ascii_digit() {
            let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
            let (digits, rest) = self.rest.split_at(end);
            self.rest = rest;
            return digits.parse().ok();
        } else {
            let (_, value) = self.letters.iter().find(|(letter, _)| *letter == c)?;
            self.rest = &self.rest[1..];
            *value
        };
        // `b2` is a square, `b^2` too.
        if self.next('^') || self.rest.starts_with('2') && c.is_ascii_alphabetic() {
            assert!(self.next('2'));
            return Some(base * base);
        }
        Some(base)
    }
}

fn near(got: f64, want: f64, what: &str) {
    assert!((got - want).abs() <= 1e-12 * want.abs().max(1.0), "{what}: expected {want}, found {got}");
}

const MAPS: [Map; 2] = [Map { w: 76, h: 52 }, Map { w: 1, h: 1 }];

#[test]
fn stages_cost_what_tables_1_and_2_say() {
    let Some(tables) = tables() else { return };
    for (kind, letter) in StageKind::ALL.into_iter().zip(["r", "x", "d"]) {
        for map in MAPS {
            for (k, b) in [(1.0, 64.0), (8.0, 256.0), (15.0, 32.0)] {
                let letters = [('w', map.w as f64), ('h', map.h as f64), ('k', k), ('b', b)];
                let plain = tables["table1"][kind.name()][letter].as_str().unwrap();
                let [again, csp] = [0, 1].map(|i| tables["table2"][kind.name()][i].as_str().unwrap());
                let (of_plain, of_csp) = (kind.macs(LayerKind::Plain, map, k, b), kind.macs(LayerKind::Csp, map, k, b));
                near(of_plain, Formula::value(plain, &letters), plain);
                near(of_plain, Formula::value(again, &letters), again);
                near(of_csp, Formula::value(csp, &letters), csp);
                near(kind.saving(k), 1.0 - of_csp / of_plain, "saving");
                // What the program prints is the same formula.
                for layer in [LayerKind::Plain, LayerKind::Csp] {
                    let printed = kind.formula(layer).replace('²', "^2");
                    near(kind.macs(layer, map, k, b), Formula::value(&printed, &letters), &printed);
                }
            }
        }
    }
    let savings = StageKind::ALL.map(|kind| (1000.0 * kind.limit()).round() / 10.0);
    assert_eq!(savings, [23.5, 46.7, 50.0]);
    assert_eq!(tables["table2"]["savings_pct"], serde_json::json!(StageKind::ALL.map(StageKind::stated)));
}

#[test]
fn short_stages_lose_by_csp() {
    // By hand: (3/4 + 13/16) / (17/16) = 25/17; at three layers both are 51/16.
    near(StageKind::Res.saving(1.0), 1.0 - 25.0 / 17.0, "Res, one layer");
    near(StageKind::Res.saving(3.0), 0.0, "Res, three layers");
    near(StageKind::ResX.saving(1.0), 1.0 - 169.0 / 137.0, "ResX, one layer");
    near(StageKind::Dark.saving(1.0), 0.35, "Dark, one layer");
    assert!(
        StageKind::ALL.iter().all(|kind| kind.saving(1e9) < kind.limit() && kind.limit() - kind.saving(1e9) < 1e-8)
    );
    // Section 4.1: 5.5 against 5 with one layer, 8 against 10 with two.
    let one = Map { w: 1, h: 1 };
    assert_eq!([1.0, 2.0].map(|k| StageKind::Dark.csp_stage_macs(one, k, 1.0)), [5.5, 8.0]);
    assert_eq!(StageKind::Dark.worth_from(), 2);
}

#[test]
fn cost_grows_with_the_factors_as_table_1_says() {
    let Some(tables) = tables() else { return };
    let one = Factors { size: 1.0, depth: 1.0, width: 1.0 };
    let (map, k, b) = (Map { w: 40, h: 24 }, 4.0, 64.0);
    for kind in StageKind::ALL {
        let plain = kind.macs(LayerKind::Plain, map, k, b);
        let larger = kind.macs(LayerKind::Plain, Map { w: 120, h: 72 }, k, b);
        near(larger / plain, Factors { size: 3.0, ..one }.of_cost(), "size");
        let deeper = kind.macs(LayerKind::Plain, map, 2.5 * k, b);
        near(deeper / plain, Factors { depth: 2.5, ..one }.of_cost(), "depth");
        let wider = kind.macs(LayerKind::Plain, map, k, 1.25 * b);
        near(wider / plain, Factors { width: 1.25, ..one }.of_cost(), "width");
    }
    let names = ["size", "depth", "width"].map(|name| tables["table1"][name].as_str().unwrap().to_owned());
    assert_eq!(names, ["alpha^2", "beta", "gamma^2"]);
}

#[test]
fn concatenation_costs_what_tables_3_to_5_say() {
    let Some(tables) = tables() else { return };
    let names = [("OSA", Aggregation::Osa), ("CSP", Aggregation::Csp), ("PCB", Aggregation::Pcb)];
    for (b, g, k) in [(64, 32, 1), (64, 32, 3), (256, 20, 7), (31, 31, 2)] {
        let growth = Growth { base: b, growth: g, layers: k };
        for map in MAPS {
            let [w, h, b, g, k] = [map.w, map.h, b, g, k].map(|n| n as f64);
            let letters = [('w', w), ('h', h), ('b', b), ('g', g), ('k', k)];
            let formula = |name: &str| Formula::value(tables["table3"][name].as_str().unwrap(), &letters);
            near(growth.dense_macs(map) as f64, formula("Dense"), "Dense");
            near(growth.osa_macs(map) as f64, formula("OSA"), "OSA");
            assert_eq!(growth.orders(map).map(|n| n as f64), [w * h * g * b * k, w * h * (b * g).max(k * g * g)]);
            for (name, how) in names {
                let stated = tables["table5"][name].as_str().unwrap();
                near(growth.cio(how), Formula::value(stated, &letters), stated);
                let printed = how.formula().replace('²', "^2");
                near(growth.cio(how), Formula::value(&printed, &letters), &printed);
            }
            let access = memory_access(map, 9, growth.base, growth.growth) as f64;
            near(access, h * w * (b + g) + 9.0 * b * g, "equation 1");
        }
        // Table 4, by hand.
        let (b, g, all) = (b as f64, g as f64, growth.all() as f64);
        let layers = |first: f64, last: (f64, f64)| -> Vec<(f64, f64)> {
            (0..k).map(|i| (if i == 0 { first } else { g }, g)).chain([last]).collect()
        };
        let own = k as f64 * g;
        assert_eq!(growth.channels(Aggregation::Osa), layers(b, (all, all / 2.0)));
        assert_eq!(growth.channels(Aggregation::Csp), layers(g, (own, own)));
        assert_eq!(growth.channels(Aggregation::Pcb), layers(g, (all / 2.0, all / 2.0)));
    }
}

#[test]
fn pcb_has_the_least_where_kg_is_more_than_b_and_not_where_the_prose_says() {
    for (b, g) in [(64, 32), (128, 24), (64, 8)] {
        for k in 1..=20 {
            let growth = Growth { base: b, growth: g, layers: k };
            assert_eq!(growth.pcb_is_least(), k * g > b, "{growth:?}");
        }
    }
    // kg = b/2: what the prose would have it begin at. They tie at kg = b.
    let half = Growth { base: 64, growth: 32, layers: 1 };
    assert_eq!([Aggregation::Csp, Aggregation::Pcb].map(|how| half.cio(how)), [2048.0, 3328.0]);
    let between = Growth { base: 64, growth: 16, layers: 3 };
    assert!(between.prose_says_pcb() && !between.pcb_is_least());
    let even = Growth { base: 64, growth: 32, layers: 2 };
    assert_eq!(even.cio(Aggregation::Csp), even.cio(Aggregation::Pcb));
    // YOLOv4-tiny: g = b/2, and b/2 + kg = 2b.
    assert!(Growth { base: 64, growth: 32, layers: 3 }.pcb_is_least());
}

#[test]
fn memory_access_is_least_where_input_and_output_are_equal() {
    let map = Map { w: 52, h: 52 };
    let least = memory_access(map, 9, 64, 64);
    for (input, output) in [(8, 512), (16, 256), (32, 128), (128, 32), (512, 8)] {
        assert!(memory_access(map, 9, input, output) > least);
    }
}

#[test]
fn halves_are_rounded_to_what_the_hardware_takes() {
    let growth = Growth { base: 64, growth: 20, layers: 3 };
    // 124 / 2 = 62.
    assert_eq!([1, 4, 8, 16, 32].map(|tau| growth.half(tau)), [62, 64, 64, 64, 64]);
    assert_eq!(Growth { base: 64, growth: 21, layers: 3 }.half(8), 64);
    assert_eq!(Growth { base: 65, growth: 21, layers: 3 }.half(8), 64);
    assert_eq!(Growth { base: 66, growth: 21, layers: 3 }.half(8), 72);
}

#[test]
fn what_is_reported_is_what_was_printed() {
    let Some(tables) = tables() else { return };
    let table = |name: &str| tables[name].as_array().unwrap();
    let same = |got: Vec<Value>, name: &str| {
        let numbers = |value: &Value| match value {
            Value::Number(n) => serde_json::json!(n.as_f64()),
            other => other.clone(),
        };
        let rows = |rows: &[Value]| -> Vec<Vec<Value>> {
            rows.iter().map(|row| row.as_array().unwrap().iter().map(numbers).collect()).collect()
        };
        assert_eq!(rows(&got), rows(table(name)), "{name}");
    };
    use serde_json::json;
    same(
        TABLE_8.iter().map(|r| json!([r.backbone, r.neck, r.activation, r.parameters, r.gflop, r.fps, r.ap])).collect(),
        "table8_608",
    );
    same(TABLE_9.iter().map(|r| json!([r.backbone, r.gflop, r.fps, r.ap])).collect(), "table9");
    same(
        TABLE_10.iter().map(|r| json!([r.model, r.scratch, r.finetune, r.ap[0], r.ap[1], r.ap[2]])).collect(),
        "table10",
    );
    let family = TABLE_11.iter().map(|r| {
        let fps = format!("{}/{}*", r.fps[0], r.fps[1]);
        json!([r.model, r.size, fps, r.ap[0], r.ap[1], r.ap[2], r.ap[3], r.ap[4], r.ap[5]])
    });
    same(family.collect(), "table11_scaled");
    same(TABLE_12.iter().map(|r| json!([r.model, r.ap[0], r.ap[1], r.ap[2]])).collect(), "table12_tta");
    same(TABLE_13.iter().map(|r| json!([r.model, r.size, r.fps_1080ti, r.fps_tx2, r.ap])).collect(), "table13");
    let tiny = &tables["table14_tiny"];
    for (i, machine) in tiny["cols"].as_array().unwrap().iter().enumerate() {
        let row = TABLE_14.iter().find(|row| machine == row.machine).unwrap();
        assert_eq!(row.plain, tiny["no_trt"][i].as_f64(), "{machine}");
        assert_eq!(row.one, tiny["trt"][i].as_f64(), "{machine}");
        assert_eq!(row.four, tiny["fp16_batch4"][row.machine].as_f64(), "{machine}");
    }
    let desktop = TABLE_14.iter().find(|row| row.machine == "2080Ti").unwrap();
    assert_eq!(desktop.one, tiny["fp16_batch4"]["2080Ti_b1"].as_f64());
    assert_eq!(desktop.four, tiny["fp16_batch4"]["2080Ti_b4"].as_f64());
}

#[test]
fn published_sizes_are_those_of_our_networks() {
    // Of Table 8, what there are networks for.
    let csp = Recipe { size: (608, 608), ..Recipe::named("yolov4-csp").unwrap() };
    let totals = Totals::new(&csp.network().unwrap().graph);
    let row = TABLE_8.last().unwrap();
    assert_eq!((row.parameters, row.gflop), ((1e-6 * totals.parameters as f64).round(), totals.conv_gflop.round()));
    let tiny = Totals::new(&Recipe::named("yolov4-tiny").unwrap().network().unwrap().graph);
    assert_eq!(TABLE_9[2].gflop, (10.0 * tiny.conv_gflop).round() / 10.0);
    for row in TABLE_11 {
        assert!(NAMES.contains(&row.network), "{}", row.network);
    }
    // Counted by hand from the layers, the paper has no such figures of P7.
    let p7 = |side| Recipe { size: (side, side), ..Recipe::named("yolov4-p7").unwrap() };
    let gflop = |side| (1e3 * Totals::new(&p7(side).network().unwrap().graph).conv_gflop).round() / 1e3;
    assert_eq!([896, 1280, 1536].map(gflop), [556.934, 1136.6, 1636.704]);
}

#[test]
fn the_compound_rule_is_the_recipes() {
    assert_eq!(DEPTH_EXPONENTS.map(depth), [1, 3, 15, 15, 7, 7, 7]);
    let large = |name: &str| {
        let recipe = Recipe::named(name).unwrap();
        (recipe.size.0, recipe.stages(), recipe.width, recipe.depths())
    };
    let depths = |stages: usize| DEPTH_EXPONENTS.map(depth)[..stages].to_vec();
    assert_eq!(large("yolov4-p5"), (896, 5, 1.0, depths(5)));
    assert_eq!(large("yolov4-p6"), (1280, 6, 1.0, depths(6)));
    assert_eq!(large("yolov4-p7"), (1536, 7, 1.25, depths(7)));
    assert_eq!(Recipe::named("yolov4-csp").unwrap().depths(), [1, 2, 8, 8, 4]);
    assert_eq!(Recipe::named("yolov4x-mish").unwrap().depths(), [1, 3, 10, 10, 5]);
    // Depths are shortcuts in the graph.
    for name in ["yolov4-csp", "yolov4x-mish", "yolov4-p5", "yolov4-p7"] {
        let recipe = Recipe::named(name).unwrap();
        let cfg = recipe.cfg().unwrap();
        assert_eq!(cfg.matches("[shortcut]").count(), recipe.depths().iter().sum::<usize>(), "{name}");
    }
    let turns: Vec<_> = FACTORS.iter().map(|factor| (factor.name, factor.turn)).collect();
    assert_eq!(turns, [("size", 1), ("#stage", 1), ("depth", 2), ("width", 3)]);
}

/// Which pixels of the input a head's middle value answers to, by trying: columns from the first to the last.
fn seen(recipe: &Recipe, head: usize) -> usize {
    let network = recipe.network().unwrap();
    let (graph, params) = (&network.graph, network.random_params(1));
    let shape = graph.input_shape();
    let id = graph.heads[head].input;
    let middle = |input: &Tensor| {
        let values = oracle::play(graph, &params, input, &[id]).unwrap();
        let value = &values[&id];
        let (x, y) = (value.shape.w / 2, value.shape.h / 2);
        (0..value.shape.c).map(|c| value.plane(c)[y * value.shape.w + x]).collect::<Vec<f32>>()
    };
    let grey = Tensor::new(shape, vec![0.5; shape.elements()]).unwrap();
    let before = middle(&grey);
    let answers = |x: usize| {
        // A whole column, so that what many windows see only a little of is seen too.
        let mut input = grey.clone();
        for c in 0..shape.c {
            for y in 0..shape.h {
                input.data[(c * shape.h + y) * shape.w + x] = -40.0 * (1.0 + c as f32 + y as f32 * 0.37);
            }
        }
        middle(&input) != before
    };
    let first = (0..shape.w).find(|x| answers(*x)).unwrap();
    let last = (0..shape.w).rev().find(|x| answers(*x)).unwrap();
    last - first + 1
}

#[test]
fn receptive_fields_are_what_answers() {
    // YOLOv4-tiny with few channels, wide enough that its heads do not see the edges.
    let recipe = Recipe { size: (512, 32), width: 0.1, classes: 1, ..Recipe::named("yolov4-tiny").unwrap() };
    let network = recipe.network().unwrap();
    let all = reaches(&network.graph);
    for (number, head) in network.graph.heads.iter().enumerate() {
        let reach = all[head.input.0];
        let found = seen(&recipe, number);
        // Windows of even size and neighbours that share an upsampled pixel see a step less at one end.
        let (field, step) = (reach.field as usize, reach.step as usize);
        assert!(found <= field && field - found <= 2 * step, "head {number}: {field} counted, {found} answer");
    }
}

#[test]
fn receptive_fields_grow_as_table_7_says() {
    let of = |recipe: &Recipe| {
        let graph = recipe.network().unwrap().graph;
        let all = reaches(&graph);
        graph.heads.iter().map(|head| (all[head.input.0].field, all[head.input.0].step)).collect::<Vec<_>>()
    };
    let p5 = Recipe::named("yolov4-p5").unwrap();
    let larger = Recipe { size: (1280, 1280), ..p5.clone() };
    let wider = Recipe { width: 1.25, ..p5.clone() };
    assert_eq!(of(&p5), of(&larger), "size");
    assert_eq!(of(&p5), of(&wider), "width");
    let deeper = Recipe { depth: 1.34, ..p5.clone() };
    assert!(of(&deeper).iter().zip(of(&p5)).all(|(more, less)| more.0 > less.0), "depth");
    let mut staged = Recipe { size: (1280, 1280), ..p5.clone() };
    staged.set_stages(6).unwrap();
    let (p6, p5) = (of(&staged), of(&p5));
    let coarsest = |all: &[(u64, f64)]| *all.last().unwrap();
    assert_eq!(coarsest(&p6).1, 2.0 * coarsest(&p5).1);
    let ratio = coarsest(&p6).0 as f64 / coarsest(&p5).0 as f64;
    assert!((1.8..2.2).contains(&ratio), "#stage: {ratio}");
}

#[test]
fn receptive_fields_by_hand() {
    let mut builder = Builder::new(Shape::new(4, 64, 64)).unwrap();
    let mut last = NodeId(0);
    for (size, stride) in [(3, 2), (3, 2), (3, 1), (1, 1)] {
        last = builder.add("conv", None, Op::Conv(conv(4, size, stride)), &[last]).unwrap();
    }
    let up = builder.add("up", None, Op::Upsample(Upsample { stride: 2, scale: 1.0 }), &[last]).unwrap();
    let pool = builder.add("pool", None, Op::MaxPool(Pool::same(5)), &[up]).unwrap();
    let mean = builder.add("mean", None, Op::AvgPool, &[pool]).unwrap();
    let all = reaches(&builder.finish());
    let of = |id: NodeId| (all[id.0].field, all[id.0].step);
    // 3x3/2, 3x3/2, a 3x3 in steps of four; then halves of these steps.
    assert_eq!(of(last), (1 + 2 + 2 * 2 + 2 * 4, 4.0));
    assert_eq!(of(up), (15, 2.0));
    assert_eq!(of(pool), (15 + 4 * 2, 2.0));
    assert_eq!(of(mean), (64, 64.0), "all of the picture");
}
