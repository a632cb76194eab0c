//! Tables 1 to 7, equation 1 and the compound rule: computed.

use yolov4::{
    Result,
    low_level::{
        graph::{explain::Totals, reach},
        model::scaled::Recipe,
        paper::{Aggregation, DEPTH_EXPONENTS, FACTORS, Factors, Growth, LayerKind, Map, StageKind, memory_access},
    },
};

use super::{
    Dimensions,
    sheet::{Cell, Sheet},
};

/// Layers for which savings are printed: those of the family's stages among them.
const LAYERS: [u64; 8] = [1, 2, 3, 4, 7, 8, 15, 30];

fn giga(macs: f64) -> Cell {
    Cell::Number(1e-9 * macs, 4)
}

fn mega(numbers: f64) -> Cell {
    Cell::Number(1e-6 * numbers, 3)
}

/// Table 1.
pub fn stages(of: &Dimensions, factors: &Factors) -> Sheet {
    let Dimensions { map, base, layers, .. } = *of;
    let Factors { size, depth, width } = *factors;
    let title = format!(
        "Table 1: k layers of b channels, in 10⁹ multiply-accumulates (w = {}, h = {}, k = {layers}, b = {base}), and scaled",
        map.w, map.h
    );
    let columns = [
        "stage".to_owned(),
        "formula".to_owned(),
        "GMAC".to_owned(),
        format!("size α = {size}: α²"),
        format!("depth β = {depth}: β"),
        format!("width γ = {width}: γ²"),
        "all three".to_owned(),
    ];
    let mut sheet = Sheet::new("1", title, &columns.each_ref().map(String::as_str));
    for kind in StageKind::ALL {
        let macs = kind.macs(LayerKind::Plain, map, layers as f64, base as f64);
        let only = |size, depth, width| giga(macs * Factors { size, depth, width }.of_cost());
        sheet.row([
            kind.name().into(),
            kind.formula(LayerKind::Plain).into(),
            giga(macs),
            only(size, 1.0, 1.0),
            only(1.0, depth, 1.0),
            only(1.0, 1.0, width),
            only(size, depth, width),
        ]);
    }
    sheet
}

/// Table 2.
pub fn csp(of: &Dimensions) -> Sheet {
    let Dimensions { map, base, layers, .. } = *of;
    let title = format!(
        "Table 2: the same with CSP (w = {}, h = {}, k = {layers}, b = {base}), and what it saves",
        map.w, map.h
    );
    let saved = LAYERS.map(|k| format!("k = {k}, %"));
    let fixed = ["stage", "formula", "GMAC"].into_iter().chain(saved.iter().map(String::as_str));
    let columns: Vec<&str> = fixed.chain(["k = ∞, %", "stated, %"]).collect();
    let mut sheet = Sheet::new("2", title, &columns);
    for kind in StageKind::ALL {
        let macs = kind.macs(LayerKind::Csp, map, layers as f64, base as f64);
        let first = [kind.name().into(), kind.formula(LayerKind::Csp).into(), giga(macs)];
        let saved = LAYERS.map(|k| Cell::Number(100.0 * kind.saving(k as f64), 1));
        let last = [Cell::Number(100.0 * kind.limit(), 1), Cell::Number(kind.stated(), 1)];
        sheet.row(first.into_iter().chain(saved).chain(last));
    }
    sheet.note("What is stated is what endless layers would save; a short stage costs more with CSP than without (below zero).");
    let dark = StageKind::Dark;
    sheet.note(format!(
        "Section 4.1: a CSPDarknet stage with its down-sampling, whb²(9/4 + 3/4 + 5k/2), costs less than Darknet's 5whkb² from k = {} on.",
        dark.worth_from()
    ));
    sheet
}

/// Table 3.
pub fn dense(growth: &Growth, map: Map) -> Sheet {
    let mut sheet = Sheet::new(
        "3",
        given("Table 3: what concatenating costs", growth, map),
        &["stage", "formula", "MMAC", "order", "MMAC of that order"],
    );
    let [of_dense, of_osa] = growth.orders(map).map(|macs| mega(macs as f64));
    let rows = [
        ("Dense", "whgbk + whg²k(k-1)/2", growth.dense_macs(map), "O(whgbk)", of_dense),
        ("OSA", "whbg + whg²(k-1)", growth.osa_macs(map), "O(max(whbg, whkg²))", of_osa),
    ];
    for (name, formula, macs, order, of_order) in rows {
        sheet.row([name.into(), formula.into(), mega(macs as f64), order.into(), of_order]);
    }
    sheet
}

fn given(what: &str, growth: &Growth, map: Map) -> String {
    let Growth { base, growth, layers } = growth;
    format!("{what} (w = {}, h = {}, b = {base}, g = {growth}, k = {layers})", map.w, map.h)
}

/// Table 4.
pub fn channels(growth: &Growth, map: Map, tau: u64) -> Sheet {
    let mut sheet =
        Sheet::new("4", given("Table 4: channels of each convolution", growth, map), &["join", "layers", "transition"]);
    let arrow = |(input, output): (f64, f64)| format!("{input} → {output}");
    for how in Aggregation::ALL {
        let mut all = growth.channels(how);
        let last = all.pop().map(arrow).unwrap_or_default();
        let layers: Vec<String> = all.into_iter().map(arrow).collect();
        sheet.row([how.name().into(), layers.join(", ").into(), last.into()]);
    }
    sheet.note(format!(
        "Halves of b + kg = {} for hardware that takes {tau} channels at once: ⌈(b + kg) / 2τ⌉τ = {}.",
        growth.all(),
        growth.half(tau)
    ));
    sheet
}

/// Equation 1: the product of channels stays, their ratio moves.
pub fn memory(growth: &Growth, map: Map) -> Sheet {
    let Growth { base, .. } = *growth;
    let title = format!(
        "Equation 1: numbers that a 3x3 convolution reads and writes, hw(Cin + Cout) + 9 Cin Cout, for Cin Cout = {} (w = {}, h = {})",
        base * base,
        map.w,
        map.h
    );
    let mut sheet = Sheet::new("eq1", title, &["Cin", "Cout", "millions", "of the least"]);
    let least = memory_access(map, 9, base, base);
    for shift in -3..=3_i32 {
        let moved = |by: i32| if by < 0 { base >> -by } else { base << by };
        let (input, output) = (moved(shift), moved(-shift));
        if input * output == base * base {
            let all = memory_access(map, 9, input, output);
            sheet.row([
                Cell::Count(input),
                Cell::Count(output),
                mega(all as f64),
                Cell::Number(all as f64 / least as f64, 3),
            ]);
        }
    }
    sheet.note("Least where both are the same, whatever the map.");
    sheet
}

/// Table 5.
pub fn cio(growth: &Growth, map: Map) -> Sheet {
    let title = given("Table 5: input x output channels of all convolutions (CIO)", growth, map);
    let mut sheet = Sheet::new("5", title, &["k", "OSA", "CSP", "PCB", "least", "kg > b", "kg > b/2"]);
    let most = growth.layers.max(4);
    for layers in 1..=most {
        let growth = Growth { layers, ..*growth };
        let all = Aggregation::ALL.map(|how| (how, growth.cio(how)));
        let least = all.iter().map(|(_, cio)| *cio).fold(f64::INFINITY, f64::min);
        let names: Vec<&str> = all.iter().filter(|(_, cio)| *cio <= least).map(|(how, _)| how.name()).collect();
        let yes = |is: bool| Cell::from(if is { "yes" } else { "no" });
        let numbers = all.map(|(_, cio)| Cell::Number(cio, 0));
        let last =
            [names.join(", ").into(), yes(growth.layers * growth.growth > growth.base), yes(growth.prose_says_pcb())];
        sheet.row([Cell::Count(layers)].into_iter().chain(numbers).chain(last));
    }
    for how in Aggregation::ALL {
        sheet.note(format!("{}: {}", how.name(), how.formula()));
    }
    sheet.note("PCB has the least where kg > b (g < b); section 3.4 says kg > b/2, where CSP still has less.");
    sheet
}

/// Table 6.
pub fn factors() -> Sheet {
    let mut sheet = Sheet::new("6", "Table 6: what can be scaled", &["factor", "parts"]);
    for factor in FACTORS {
        sheet.row([factor.name.into(), factor.parts.join(", ").into()]);
    }
    sheet
}

/// The networks of the family whose numbers are printed: name, and side of the input where it is not its own.
const FAMILY: [(&str, Option<usize>); 7] = [
    ("yolov4-tiny", None),
    ("yolov4-csp", None),
    ("yolov4-csp", Some(640)),
    ("yolov4x-mish", None),
    ("yolov4-p5", None),
    ("yolov4-p6", None),
    ("yolov4-p7", None),
];

/// Table 7, and how far the heads of the family see.
pub fn receptive_fields() -> Result<[Sheet; 2]> {
    let mut effects =
        Sheet::new("7", "Table 7: what each factor does to the receptive field", &["factor", "receptive field"]);
    for factor in FACTORS {
        effects.row([factor.name.into(), factor.receptive_field.into()]);
    }
    let title = "Receptive fields of the heads, in pixels of the input, from the graphs";
    let mut heads = Sheet::new("7 heads", title, &["network", "input", "stride", "receptive field", "of the input"]);
    for (name, size) in FAMILY {
        let network = recipe(name, size)?.network()?;
        let reaches = reach::reaches(&network.graph);
        let side = network.graph.input_shape().w;
        for head in &network.graph.heads {
            let Some(reach) = reaches.get(head.input.0) else { continue };
            heads.row([
                name.into(),
                Cell::Count(side as u64),
                Cell::Number(reach.step, 0),
                Cell::Count(reach.field),
                Cell::Number(reach.field as f64 / side as f64, 2),
            ]);
        }
    }
    Ok([effects, heads])
}

/// A network of the family, at another size if one is asked for.
fn recipe(name: &str, size: Option<usize>) -> Result<Recipe> {
    let named = Recipe::named(name)?;
    Ok(Recipe { size: size.map_or(named.size, |side| (side, side)), ..named })
}

/// Section 4.3.
pub fn rule() -> Result<Sheet> {
    let title = "Section 4.3: size and #stage first, then depth, then width, as far as there is time";
    let mut sheet = Sheet::new(
        "rule",
        title,
        &["network", "size", "stages", "depth of stages", "width", "Mparams", "GFLOP", "BFLOPS", "boxes"],
    );
    for (name, size) in FAMILY {
        let recipe = recipe(name, size)?;
        let totals = Totals::new(&recipe.network()?.graph);
        let stages = recipe.stages();
        let depths: Vec<String> = recipe.depths().iter().map(usize::to_string).collect();
        sheet.row([
            name.into(),
            Cell::Count(recipe.size.0 as u64),
            Cell::Count(stages as u64),
            if depths.is_empty() { Cell::Nothing } else { depths.join(" ").into() },
            Cell::Number(f64::from(recipe.width), 2),
            Cell::Number(1e-6 * totals.parameters as f64, 2),
            Cell::Number(totals.conv_gflop, 2),
            Cell::Number(totals.darknet_bflops, 2),
            Cell::Count(totals.boxes),
        ]);
    }
    sheet.note(
        "GFLOP: two a multiply-accumulate of the convolutions; BFLOPS: as Darknet counts, pools and shortcuts as well.",
    );
    let exponents = DEPTH_EXPONENTS.map(|d| d.to_string()).join(" ");
    sheet.note(format!(
        "Depths of YOLOv4-large are 2^d - 1 for d = {exponents}; the paper prints the depths as if they were d."
    ));
    Ok(sheet)
}
