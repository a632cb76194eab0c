//! `yolov4`; see [`yolov4_cli`].

fn main() -> std::process::ExitCode {
    yolov4_cli::main()
}
