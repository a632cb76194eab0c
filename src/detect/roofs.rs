//! The roofs of an adapter, measured once and kept in the cache folder, in a file named after the adapter, its driver and the
//! kernels that measure.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    detect::tuning::file_name,
    digest,
    error::{Error, Result},
    files,
    gpu::{AdapterReport, DeviceRequirements, Gpu, GpuOptions, ROOF_KERNELS, Roof},
    kernels::{Precision, catalogue},
    model::zoo::Store,
};

/// What a file holds.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// Adapter, driver and kernels; see [`identity`].
    of: String,
    roof: Roof,
}

/// What a measurement is valid for: this adapter and driver, and these very kernels.
pub fn identity(report: &AdapterReport) -> String {
    // Those of the catalogue too: the rungs of the ladder are measured on matrix products.
    let kernels = ROOF_KERNELS.iter().copied().chain(catalogue());
    let hash = digest::short(kernels.flat_map(|kernel| kernel.parts).map(|part| part.text));
    format!("{} | {} | {} | {hash}", report.backend, report.name, report.driver)
}

/// Where the roofs of an adapter are kept, if there is a cache folder.
pub fn path(store: &Store, report: &AdapterReport) -> Option<PathBuf> {
    store.folder().ok().map(|folder| folder.join("roofs").join(file_name(&identity(report))))
}

/// The adapter that `options` name, and its roofs: those kept in `store`, or else measured now and kept. With `again` they
/// are measured whatever is kept. A file that is of no use is told in `notes`; `progress` is told what is measured.
///
/// # Errors
/// As [`Gpu::new`] and [`Roof::measure`].
pub async fn roof(
    options: &GpuOptions,
    store: &Store,
    again: bool,
    notes: &mut Vec<String>,
    progress: &mut (dyn FnMut(&'static str) + Send),
) -> Result<(AdapterReport, Roof)> {
    let device = |precision| {
        // As large a binding as there is.
        let requirements = DeviceRequirements {
            binding_bytes: u64::MAX,
            precision,
            timestamps: true,
            ..DeviceRequirements::default()
        };
        GpuOptions { requirements, ..options.clone() }
    };
    let gpu = Gpu::new(&device(Precision::F32)).await?;
    let report = gpu.report().clone();
    let path = path(store, &report);
    let identity = identity(&report);
    let known = path.as_ref().filter(|_| !again).and_then(|path| read(path, &identity, notes));
    if let Some(roof) = known {
        return Ok((report, roof));
    }
    let gpu = if report.f16 { Gpu::new(&device(Precision::F16)).await? } else { gpu };
    let roof = Roof::measure(&gpu, progress).await?;
    if !roof.plausible() {
        return Err(Error::Gpu(format!("\"{}\": expected roofs above zero, measured {roof:?}", report.name)));
    }
    if let Some(path) = path
        && let Err(error) = keep(&path, &Kept { of: identity, roof })
    {
        notes.push(format!("{}: the measured roofs cannot be kept: {error}", path.display()));
    }
    Ok((report, roof))
}

fn read(path: &Path, identity: &str, notes: &mut Vec<String>) -> Option<Roof> {
    let bytes = std::fs::read(path).ok()?;
    let why = match serde_json::from_slice::<Kept>(&bytes) {
        Ok(kept) if kept.of == identity && kept.roof.plausible() => return Some(kept.roof),
        Ok(kept) if kept.of == identity => "holds figures that no adapter has".to_owned(),
        Ok(kept) => format!("was measured on \"{}\", not on \"{identity}\"", kept.of),
        Err(error) => format!("holds no roofs ({error})"),
    };
    notes.push(format!("{}: {why}: measured again", path.display()));
    None
}

fn keep(path: &Path, kept: &Kept) -> std::io::Result<()> {
    files::keep(path, &serde_json::to_string_pretty(kept)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::conv::Variant;

    #[test]
    fn a_file_counts_if_it_was_measured_here_and_can_be_true() {
        let roof = Roof {
            f32_gflops: 100.0,
            f16_gflops: None,
            storage_gbs: 10.0,
            workgroup_gbs: 50.0,
            dispatch_us: 1.0,
            submit_us: 20.0,
            gemm_gflops: 60.0,
            gemm_rung: Variant::Tiled,
            gemm_f16_gflops: None,
            gemm_f16_rung: None,
        };
        let good = serde_json::to_string(&Kept { of: "this card".into(), roof }).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roofs.json");
        let tried = |contents: &str, of: &str| {
            std::fs::write(&path, contents).unwrap();
            let mut notes = vec![];
            (read(&path, of, &mut notes), notes.join("\n"))
        };
        assert_eq!(tried(&good, "this card"), (Some(roof), String::new()));
        let infinite =
            serde_json::to_string(&Kept { of: "this card".into(), roof: Roof { storage_gbs: -1.0, ..roof } });
        for (contents, of, why) in [
            (&good[..20], "this card", "holds no roofs"),
            (&good, "another card", "was measured on \"this card\", not on \"another card\""),
            (&infinite.unwrap(), "this card", "holds figures that no adapter has"),
        ] {
            let (found, note) = tried(contents, of);
            assert!(found.is_none() && note.contains(why) && note.contains(path.to_str().unwrap()), "{note}");
            assert_eq!(note.lines().count(), 1, "{note}");
        }
        assert_eq!(read(&folder.path().join("none"), "this card", &mut vec![]), None);
    }
}
