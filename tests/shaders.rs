//! Every kernel as text: naga accepts it in both precisions, its bindings and uniform buffers are what Rust says they
//! are, it fits the smallest WebGPU limits, and it can be written for every back end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{collections::BTreeSet, ffi::OsString, path::Path, process::Command};

use naga::{
    AddressSpace, ResourceBinding, StorageAccess, TypeInner,
    back::{hlsl, msl, spv},
    valid::{Capabilities, ValidationFlags, Validator},
};
use yolov4::low_level::kernels::{Bind, Kernel, Precision, catalogue};

/// Those that play, and those that measure.
fn kernels() -> impl Iterator<Item = &'static Kernel> {
    #[cfg(feature = "gpu")]
    let measuring = yolov4::low_level::gpu::ROOF_KERNELS;
    #[cfg(not(feature = "gpu"))]
    let measuring: &[&'static Kernel] = &[];
    catalogue().into_iter().chain(measuring.iter().copied())
}

fn parse(kernel: &Kernel, precision: Precision) -> (naga::Module, naga::valid::ModuleInfo) {
    let source = kernel.source(precision);
    let module = naga::front::wgsl::parse_str(&source)
        .unwrap_or_else(|e| panic!("{} ({}): {}", kernel.name, precision.name(), e.emit_to_string(&source)));
    let info = Validator::new(ValidationFlags::all(), Capabilities::all())
        .validate(&module)
        .unwrap_or_else(|e| panic!("{} ({}): {}", kernel.name, precision.name(), e.emit_to_string(&source)));
    (module, info)
}

/// Module and info with every override at its default.
fn resolved(kernel: &Kernel, precision: Precision) -> (naga::Module, naga::valid::ModuleInfo) {
    let (module, info) = parse(kernel, precision);
    let constants = naga::back::PipelineConstants::default();
    let (module, info) = naga::back::pipeline_constants::process_overrides(
        &module,
        &info,
        Some((naga::ShaderStage::Compute, "main")),
        &constants,
    )
    .unwrap_or_else(|e| panic!("{}: {e}", kernel.name));
    (module.into_owned(), info.into_owned())
}

#[test]
fn there_are_kernels() {
    assert!(catalogue().len() >= 18, "the catalogue is nearly empty: {}", catalogue().len());
}

#[test]
fn every_kernel_is_valid_in_both_precisions() {
    for kernel in kernels() {
        for precision in [Precision::F32, Precision::F16] {
            parse(kernel, precision);
        }
    }
}

#[test]
fn bindings_are_what_the_text_says() {
    for kernel in kernels() {
        let (module, _) = parse(kernel, Precision::F32);
        let mut found = BTreeSet::new();
        for (_, var) in module.global_variables.iter() {
            let Some(ResourceBinding { group, binding }) = var.binding else { continue };
            assert_eq!(group, 0, "{}: {:?}", kernel.name, var.name);
            let declared = kernel.bindings.get(binding as usize).unwrap_or_else(|| {
                panic!("{}: binding {binding} ({:?}) is not declared in Rust", kernel.name, var.name)
            });
            assert_eq!(Some(declared.name), var.name.as_deref(), "{}: binding {binding}", kernel.name);
            let bind = match (var.space, &module.types[var.ty].inner) {
                (AddressSpace::Uniform, TypeInner::Struct { span, .. }) => Bind::Uniform(*span as usize),
                (AddressSpace::Storage { access }, _) if access.contains(StorageAccess::STORE) => Bind::ReadWrite,
                (AddressSpace::Storage { .. }, _) => Bind::Read,
                (AddressSpace::Handle, TypeInner::Image { class: naga::ImageClass::Storage { .. }, .. }) => {
                    Bind::WriteTexture
                }
                (AddressSpace::Handle, _) => Bind::Texture,
                (space, _) => panic!("{}: {:?} lies in {space:?}", kernel.name, var.name),
            };
            assert_eq!(declared.bind, bind, "{}: {}", kernel.name, declared.name);
            found.insert(binding);
        }
        assert_eq!(found.len(), kernel.bindings.len(), "{}: a declared binding is missing in the text", kernel.name);
    }
}

#[test]
fn every_kernel_fits_the_smallest_webgpu_limits() {
    for kernel in kernels() {
        let (module, _) = resolved(kernel, Precision::F32);
        let storage = kernel.bindings.iter().filter(|b| matches!(b.bind, Bind::Read | Bind::ReadWrite)).count();
        assert!(storage <= 8, "{}: {storage} storage buffers", kernel.name);
        let mut layouter = naga::proc::Layouter::default();
        layouter.update(module.to_ctx()).unwrap();
        let workgroup = module.global_variables.iter().filter(|(_, v)| v.space == AddressSpace::WorkGroup);
        let bytes: u32 = workgroup.map(|(_, v)| layouter[v.ty].size).sum();
        assert!(bytes <= 16_384, "{}: {bytes} bytes of workgroup memory", kernel.name);
        let entry = module.entry_points.iter().find(|e| e.name == "main").expect("an entry point main");
        assert_eq!(entry.workgroup_size, kernel.workgroup, "{}: workgroup size", kernel.name);
        let [x, y, z] = entry.workgroup_size;
        assert!(x * y * z <= 256 && z <= 64, "{}: {x}x{y}x{z} invocations", kernel.name);
    }
}

#[test]
fn every_kernel_can_be_written_for_vulkan_metal_and_direct3d() {
    let spirv_val = Command::new("spirv-val").arg("--version").output().is_ok();
    if !spirv_val {
        assert!(std::env::var_os("CI").is_none(), "spirv-val is missing: install spirv-tools");
        println!("SKIPPED: spirv-val is not installed, SPIR-V is written but not validated");
    }
    for kernel in kernels() {
        for precision in [Precision::F32, Precision::F16] {
            let (module, info) = resolved(kernel, precision);
            // Vulkan 1.1's own version, which subgroup operations need; wgpu asks for no less where it offers them.
            let options = spv::Options { lang_version: (1, 3), ..Default::default() };
            let words = spv::write_vec(&module, &info, &options, None)
                .unwrap_or_else(|e| panic!("{}: SPIR-V: {e}", kernel.name));
            if spirv_val {
                let dir = tempfile::tempdir().unwrap();
                let path = dir.path().join("kernel.spv");
                let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
                std::fs::write(&path, bytes).unwrap();
                let out = Command::new("spirv-val").args(["--target-env", "vulkan1.1"]).arg(&path).output();
                let out = out.unwrap();
                let why = String::from_utf8_lossy(&out.stderr);
                // spirv-tools of before June 2023, when the extension came: 6022 is its capability.
                if kernel.cooperates() && why.contains("Invalid capability operand: 6022") {
                    println!("{}: SPIR-V is not validated, spirv-val does not know cooperative matrices", kernel.name);
                } else {
                    assert!(out.status.success(), "{}: {why}", kernel.name);
                }
            }
            let options = msl::Options { fake_missing_bindings: true, lang_version: (2, 3), ..Default::default() };
            msl::write_string(&module, &info, &options, &msl::PipelineOptions::default())
                .unwrap_or_else(|e| panic!("{}: MSL: {e}", kernel.name));
            if kernel.cooperates() {
                // Direct3D has none: no adapter offers them there.
                continue;
            }
            hlsl(kernel, precision);
        }
    }
}

fn hlsl(kernel: &Kernel, precision: Precision) -> String {
    let (module, info) = resolved(kernel, precision);
    let mut text = String::new();
    let options =
        hlsl::Options { shader_model: hlsl::ShaderModel::V6_2, fake_missing_bindings: true, ..Default::default() };
    let pipeline = hlsl::PipelineOptions::default();
    hlsl::Writer::new(&mut text, &options, &pipeline)
        .write(&module, &info, None)
        .unwrap_or_else(|e| panic!("{}: HLSL: {e}", kernel.name));
    text
}

/// Gives all texts to a program that compiles them, unless what the variable names is not there.
fn taken_by(
    compiler: &str,
    variable: &str,
    text: impl Fn(&Kernel, Precision) -> String,
    command: impl Fn(OsString) -> Command,
) {
    let Some(place) = std::env::var_os(variable) else {
        println!(
            "SKIPPED: {variable} does not say where {compiler} is; `cargo xtask ci compilers` fetches and names it"
        );
        return;
    };
    // Chrome's own extension for cooperative matrices has other words, and Direct3D has none.
    let texts: Vec<_> = kernels()
        .filter(|kernel| !kernel.cooperates())
        .flat_map(|kernel| [Precision::F32, Precision::F16].map(|precision| (kernel, precision)))
        .map(|(kernel, precision)| {
            serde_json::json!({ "name": kernel.name, "precision": precision.name(), "text": text(kernel, precision) })
        })
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(&file, &texts).unwrap();
    let out = command(place).arg(file.path()).current_dir("xtask/compilers").output().unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    println!("{told}");
    assert!(out.status.success() && told.contains(&format!("{} texts, 0 refused", texts.len())), "{told}");
}

#[test]
fn every_kernel_is_taken_by_tint() {
    taken_by("a driver for Chrome's compiler", "YOLOV4_TINT", Kernel::source, |driver| {
        let mut node = Command::new("node");
        // Not for cargo itself: build scripts would be run again.
        node.env("VK_ICD_FILENAMES", Path::new(&driver).with_file_name("llvmpipe.json")).env("LD_LIBRARY_PATH", driver);
        node.arg("tint.mjs");
        node
    });
}

#[test]
fn every_kernel_is_taken_by_dxc() {
    taken_by("Direct3D's compiler", "YOLOV4_DXC", hlsl, |library| {
        let mut python = Command::new("python3");
        python.arg("dxc.py").arg(library);
        python
    });
}

/// What happens in the order of the text, as far as barriers care.
enum Event {
    Barrier,
    Return,
    Call(naga::Handle<naga::Function>),
}

/// Events of a block, in their order. What stands behind a barrier in a loop stands before it in the next round.
fn events(block: &naga::Block, found: &mut Vec<Event>) {
    for statement in block.iter() {
        match statement {
            naga::Statement::ControlBarrier(_) | naga::Statement::WorkGroupUniformLoad { .. } => {
                found.push(Event::Barrier);
            }
            naga::Statement::Return { .. } => found.push(Event::Return),
            naga::Statement::Call { function, .. } => found.push(Event::Call(*function)),
            naga::Statement::Block(block) => events(block, found),
            naga::Statement::If { accept, reject, .. } => [accept, reject].into_iter().for_each(|b| events(b, found)),
            naga::Statement::Switch { cases, .. } => cases.iter().for_each(|case| events(&case.body, found)),
            naga::Statement::Loop { body, continuing, .. } => {
                let start = found.len();
                [body, continuing].into_iter().for_each(|b| events(b, found));
                if found[start..].iter().any(|event| matches!(event, Event::Barrier)) {
                    found.push(Event::Barrier);
                }
            }
            _ => {}
        }
    }
}

/// Whether a block returns anywhere but where the function ends anyway; `last`: nothing follows the block.
fn returns_within(block: &naga::Block, last: bool) -> bool {
    let end = block.len().saturating_sub(1);
    block.iter().enumerate().any(|(at, statement)| {
        let last = last && at == end;
        match statement {
            naga::Statement::Return { .. } => !last,
            naga::Statement::Block(block) => returns_within(block, last),
            naga::Statement::If { accept, reject, .. } => returns_within(accept, last) || returns_within(reject, last),
            naga::Statement::Switch { cases, .. } => cases.iter().any(|case| returns_within(&case.body, last)),
            naga::Statement::Loop { body, continuing, .. } => {
                returns_within(body, false) || returns_within(continuing, false)
            }
            _ => false,
        }
    })
}

/// Whether a function, or one that it calls, returns early.
fn returns_early(module: &naga::Module, function: naga::Handle<naga::Function>) -> bool {
    let body = &module.functions[function].body;
    let mut found = vec![];
    events(body, &mut found);
    let inner = |event: &Event| matches!(event, Event::Call(callee) if returns_early(module, *callee));
    returns_within(body, true) || found.iter().any(inner)
}

/// FXC, which Direct3D 12 falls back on, takes what follows an early return for varying control flow, and refuses barriers there
/// (X3663).
#[test]
fn nothing_returns_early_before_a_barrier() {
    let (mut with_barriers, mut wrong) = (0, BTreeSet::new());
    for kernel in kernels() {
        let (module, _) = parse(kernel, Precision::F32);
        let mut found = vec![];
        events(&module.entry_points[0].function.body, &mut found);
        let last = found.iter().rposition(|event| matches!(event, Event::Barrier));
        with_barriers += usize::from(last.is_some());
        for event in &found[..last.unwrap_or(0)] {
            match event {
                Event::Call(callee) if returns_early(&module, *callee) => {
                    let name = module.functions[*callee].name.as_deref().unwrap_or_default();
                    wrong.insert(format!("{}: `{name}`", kernel.name));
                }
                Event::Return => drop(wrong.insert(format!("{}: `main`", kernel.name))),
                Event::Call(_) | Event::Barrier => {}
            }
        }
    }
    assert!(wrong.is_empty(), "these return early, and a barrier follows: {wrong:?}");
    assert!(with_barriers >= 8, "only {with_barriers} kernels have barriers");
}

/// The viewer's own shaders, which draw; they have two entry points and no catalogue.
#[cfg(feature = "gpu")]
#[test]
fn what_draws_can_be_written_for_vulkan_metal_and_direct3d() {
    use yolov4::low_level::view::{GPU_BOXES, SHADERS};
    let for_others: (&str, &[_]) = ("gpu_boxes", &GPU_BOXES);
    for (name, parts) in SHADERS.into_iter().chain([for_others]) {
        let text = &parts.iter().map(|part| part.text).collect::<Vec<_>>().join("\n");
        let module =
            naga::front::wgsl::parse_str(text).unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(text)));
        let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(text)));
        spv::write_vec(&module, &info, &spv::Options::default(), None)
            .unwrap_or_else(|e| panic!("{name}: SPIR-V: {e}"));
        let options = msl::Options { fake_missing_bindings: true, lang_version: (2, 3), ..Default::default() };
        msl::write_string(&module, &info, &options, &msl::PipelineOptions::default())
            .unwrap_or_else(|e| panic!("{name}: MSL: {e}"));
        let mut hlsl_text = String::new();
        let options = hlsl::Options { fake_missing_bindings: true, ..Default::default() };
        hlsl::Writer::new(&mut hlsl_text, &options, &hlsl::PipelineOptions::default())
            .write(&module, &info, None)
            .unwrap_or_else(|e| panic!("{name}: HLSL: {e}"));
        let storage = module.global_variables.iter().filter(|(_, v)| matches!(v.space, AddressSpace::Storage { .. }));
        assert!(storage.count() <= 8, "{name}: storage buffers");
    }
}
