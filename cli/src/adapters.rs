//! `yolov4 adapters`: what answers on this machine.

use yolov4::{Backend, Error, low_level::gpu};

use crate::{CommandResult, output};

#[derive(clap::Args, Debug)]
pub struct AdaptersArgs {
    /// Only this graphics API
    #[arg(long, value_enum)]
    backend: Option<Backend>,
    /// Everything known of each, as JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(args: &AdaptersArgs) -> CommandResult {
    let all = gpu::adapters(args.backend).await;
    if all.is_empty() {
        return Err(Error::NoAdapter(gpu::driver_hint(args.backend).into()).into());
    }
    if args.json {
        output::print(&output::json("the list", &all)?)?;
        return Ok(());
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header([
        "#",
        "adapter",
        "back end",
        "kind",
        "driver",
        "binding",
        "buffer",
        "workgroup",
        "side",
        "subgroup",
        "f16",
        "matrices",
        "timestamps",
    ]);
    for (i, a) in all.iter().enumerate() {
        let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
        let yes = |b: bool| if b { "yes" } else { "no" }.to_owned();
        table.add_row([
            i.to_string(),
            a.name.clone(),
            a.backend.clone(),
            if a.software { "SOFTWARE".into() } else { a.kind.to_owned() },
            a.driver.clone(),
            megabytes(a.max_binding_bytes),
            megabytes(a.max_buffer_bytes),
            format!("{} x {:.0} kB", a.max_invocations, f64::from(a.max_workgroup_bytes) / 1e3),
            format!("{} px", a.max_picture_side),
            format!("{}..{}", a.subgroup.0, a.subgroup.1),
            yes(a.f16),
            matrices(&a.coop),
            yes(a.timestamps),
        ]);
    }
    output::print(&format!("{table}\n"))?;
    Ok(())
}

/// Cooperative matrices by element and rows: `f16 16, f32 8`.
fn matrices(coop: &gpu::CoopSides) -> String {
    let of = |name: &str, sides: &[u32]| {
        let sides = sides.iter().map(u32::to_string).collect::<Vec<_>>().join("+");
        (!sides.is_empty()).then(|| format!("{name} {sides}"))
    };
    let all: Vec<String> = [of("f16", &coop.f16), of("f32", &coop.f32)].into_iter().flatten().collect();
    if all.is_empty() { "no".into() } else { all.join(", ") }
}
