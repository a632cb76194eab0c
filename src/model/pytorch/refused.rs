//! What no network has any business with. Nothing is ever called here, so that these names would do no harm; but who
//! put one into a checkpoint meant harm, and whoever has such a file should hear of it.

/// Modules that run programs, load code, open files or reach the network; whatever is under them too.
const MODULES: &[&str] = &[
    "os",
    "posix",
    "posixpath",
    "nt",
    "ntpath",
    "subprocess",
    "_posixsubprocess",
    "commands",
    "popen2",
    "sys",
    "importlib",
    "imp",
    "pkgutil",
    "zipimport",
    "runpy",
    "pty",
    "tty",
    "socket",
    "_socket",
    "ssl",
    "shutil",
    "ctypes",
    "_ctypes",
    "cffi",
    "code",
    "codeop",
    "pdb",
    "bdb",
    "timeit",
    "trace",
    "profile",
    "cProfile",
    "pickle",
    "_pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "webbrowser",
    "antigravity",
    "urllib",
    "urllib2",
    "requests",
    "http",
    "httplib",
    "ftplib",
    "smtplib",
    "telnetlib",
    "xmlrpc",
    "asyncio",
    "multiprocessing",
    "signal",
    "threading",
    "_thread",
    "concurrent",
    "tempfile",
    "fileinput",
    "linecache",
    "inspect",
    "gc",
    "pip",
    "setuptools",
    "distutils",
    "venv",
    "ensurepip",
    "pydoc",
    "doctest",
    "unittest",
    "readline",
];

/// What is built in and runs or reaches things.
const BUILT_IN: &[&str] = &[
    "eval",
    "exec",
    "execfile",
    "compile",
    "getattr",
    "setattr",
    "delattr",
    "__import__",
    "open",
    "file",
    "input",
    "raw_input",
    "globals",
    "locals",
    "vars",
    "apply",
    "reload",
    "breakpoint",
    "exit",
    "quit",
    "__build_class__",
];

/// Single functions of modules that are otherwise harmless.
const OTHERS: &[&str] = &[
    "operator.attrgetter",
    "operator.methodcaller",
    "_operator.attrgetter",
    "_operator.methodcaller",
    "io.open",
    "_io.open",
    "io.open_code",
    "io.FileIO",
    "_io.FileIO",
    "types.FunctionType",
    "types.CodeType",
    "types.LambdaType",
    "types.MethodType",
    "torch.load",
    "torch.serialization.load",
    "torch.hub.load",
    "torch._dynamo",
    "torch._inductor",
    "torch.utils.cpp_extension",
    "torch.utils.model_zoo",
    "numpy.load",
    "numpy.testing",
    "numpy.f2py",
    "numpy.distutils",
];

/// Whether `name` of `module` is refused.
pub fn is(module: &str, name: &str) -> bool {
    let built_in = matches!(module, "builtins" | "__builtin__" | "__builtins__");
    let full = format!("{module}.{name}");
    let below = |path: &&str| full.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    // From protocol 4 on a name may lead through others: `os.system` of the module `torch.serialization`.
    let leads = |part| MODULES.contains(&part) || BUILT_IN.contains(&part) || part.starts_with("__");
    MODULES.contains(&module.split('.').next().unwrap_or_default())
        || built_in && BUILT_IN.contains(&name)
        || OTHERS.iter().any(below)
        || name.contains('.') && name.split('.').any(leads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_things_is_refused_under_all_of_its_names() {
        for (module, name) in [
            ("os", "system"),
            ("posix", "system"),
            ("nt", "system"),
            ("os.path", "join"),
            ("subprocess", "Popen"),
            ("builtins", "eval"),
            ("__builtin__", "getattr"),
            ("builtins", "__import__"),
            ("torch.serialization", "os.system"),
            ("torch", "nn.__class__"),
            ("torch._dynamo.guards", "GuardBuilder.get"),
        ] {
            assert!(is(module, name), "{module}.{name}");
        }
        for (module, name) in [
            ("models.yolo", "Model"),
            ("collections", "OrderedDict"),
            ("__builtin__", "set"),
            ("osmnx", "Graph"),
            ("torch", "loader"),
            ("models.common", "Conv.Options"),
        ] {
            assert!(!is(module, name), "{module}.{name}");
        }
    }
}
