//! The network in a checkpoint: its modules and tensors, under the names that `state_dict()` gives them.

use std::collections::HashSet;

use super::{
    literal::short,
    said::Said,
    tensor::SavedTensor,
    value::{Datum, Value},
};

/// Modules in each other; names, their bytes and looks at values. A file may name one value many times over: these keep
/// what is found finite.
const DEEPEST: usize = 64;
const MOST_NAMES: usize = 100_000;
const LONGEST_NAME: usize = 512;
const MOST_STEPS: usize = 4 << 20;

/// Where checkpoints keep their network, the best one first.
const KEYS: [&str; 4] = ["ema", "model", "state_dict", "model_state_dict"];

/// A module of a network: its place, its class, and what it knows of itself.
#[derive(Clone, Copy, Debug)]
pub struct Module<'a> {
    /// Its class, such as `models.common.Conv`.
    pub class: &'a str,
    value: Value<'a>,
}

impl<'a> Module<'a> {
    /// An attribute, such as `eps` of a batch-norm.
    pub fn attribute(&self, name: &str) -> Option<Value<'a>> {
        self.value.get(name)
    }

    /// All attributes but those that PyTorch keeps for itself.
    pub fn attributes(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        let pairs = self.value.state().and_then(Value::pairs);
        let named = |(name, value): (Value<'a>, Value<'a>)| Some((name.text()?, value));
        pairs.into_iter().flatten().filter_map(named).filter(|(name, _)| !name.starts_with('_'))
    }
}

/// What a walk through a network finds, in PyTorch's order.
#[derive(Default)]
pub struct Network<'a> {
    /// Parameters and buffers.
    pub tensors: Vec<(String, &'a SavedTensor)>,
    /// Modules, each before those inside it; none where the file only has a state dict.
    pub modules: Vec<(String, Module<'a>)>,
    steps: usize,
}

/// The value that is the network, and the key that it was found at: empty for the whole file.
pub fn find(root: Value<'_>) -> Said<(&'static str, Value<'_>)> {
    if is_module(root) {
        return Ok(("", unwrapped(root)));
    }
    let Some(pairs) = root.pairs() else {
        return Err(format!("holds {}, where a dictionary or a module was expected", root.kind()));
    };
    for key in KEYS {
        let Some(mut value) = root.get(key) else { continue };
        // The average of YOLOv5 comes with the number of its updates.
        if let Datum::Tuple(_) = value.datum() {
            value = value.items().and_then(|mut items| items.next()).unwrap_or(value);
        }
        if is_module(value) || holds_tensors(value) {
            return Ok((key, unwrapped(value)));
        }
    }
    if holds_tensors(root) {
        return Ok(("", root));
    }
    let keys: Vec<String> =
        pairs.filter_map(|(key, _)| key.text()).take(12).map(|k| format!("`{}`", short(k))).collect();
    Err(format!("there is no network in it; its keys are: {}", keys.join(", ")))
}

fn is_module(value: Value<'_>) -> bool {
    matches!(value.datum(), Datum::Object(_)) && value.get("_modules").is_some()
}

fn holds_tensors(value: Value<'_>) -> bool {
    value.pairs().is_some_and(|mut pairs| pairs.any(|(_, value)| value.tensor().is_some()))
}

/// What runs on several devices is one module around the real one.
fn unwrapped(value: Value<'_>) -> Value<'_> {
    match value.class() {
        Some(class) if class.ends_with("DataParallel") => {
            value.get("_modules").and_then(|modules| modules.get("module")).unwrap_or(value)
        }
        _ => value,
    }
}

impl<'a> Network<'a> {
    /// Walks through what [`find`] found.
    pub fn walk(value: Value<'a>) -> Said<Self> {
        let mut network = Self::default();
        match value.datum() {
            Datum::Object(_) => network.module(value, "", 0)?,
            _ => network.dict(value, "", 0)?,
        }
        if network.tensors.is_empty() {
            return Err("its network has no tensors".into());
        }
        // What ran on several devices has this before every name.
        if network.modules.is_empty() && network.tensors.iter().all(|(name, _)| name.starts_with("module.")) {
            network.tensors.iter_mut().for_each(|(name, _)| _ = name.drain(.."module.".len()));
        }
        let mut seen = HashSet::new();
        match network.tensors.iter().find(|(name, _)| !seen.insert(name)) {
            Some((name, _)) => Err(format!("tensor `{}` is there twice", short(name))),
            None => Ok(network),
        }
    }

    fn module(&mut self, value: Value<'a>, path: &str, depth: usize) -> Said<()> {
        let class = value.class().unwrap_or("?");
        self.count(path, depth)?;
        self.modules.push((path.to_owned(), Module { class, value }));
        let state = value.state().and_then(Value::pairs).ok_or_else(|| {
            format!("`{}`: an object of `{}` without the state of a module", short(path), short(class))
        })?;
        let (mut parameters, mut buffers, mut modules, mut unsaved) = (None, None, None, None);
        for (name, value) in state {
            self.step()?;
            match name.text() {
                Some("_parameters") => parameters = Some(value),
                Some("_buffers") => buffers = Some(value),
                Some("_modules") => modules = Some(value),
                Some("_non_persistent_buffers_set") => unsaved = Some(value),
                _ => {}
            }
        }
        let mut skipped = HashSet::new();
        for name in unsaved.and_then(Value::items).into_iter().flatten() {
            self.step()?;
            skipped.extend(name.text());
        }
        for (name, value) in parameters.and_then(Value::pairs).into_iter().flatten() {
            self.own(name, value, path, depth)?;
        }
        for (name, value) in buffers.and_then(Value::pairs).into_iter().flatten() {
            if !name.text().is_some_and(|name| skipped.contains(name)) {
                self.own(name, value, path, depth)?;
            }
        }
        for (name, value) in modules.and_then(Value::pairs).into_iter().flatten() {
            self.step()?;
            let path = join(path, name)?;
            match value.datum() {
                Datum::None => {}
                Datum::Object(_) => self.module(value, &path, depth + 1)?,
                _ => return Err(format!("`{}`: expected a module, found {}", short(&path), value.kind())),
            }
        }
        Ok(())
    }

    /// A parameter or buffer of a module.
    fn own(&mut self, name: Value<'a>, value: Value<'a>, path: &str, depth: usize) -> Said<()> {
        let name = join(path, name)?;
        self.count(&name, depth)?;
        match value.datum() {
            Datum::None => {}
            Datum::Tensor(tensor) => self.tensors.push((name, tensor)),
            _ => return Err(format!("`{}`: expected a tensor, found {}", short(&name), short(&value.kind()))),
        }
        Ok(())
    }

    /// A state dict; what is no tensor and holds none is not of interest.
    fn dict(&mut self, value: Value<'a>, path: &str, depth: usize) -> Said<()> {
        for (name, value) in value.pairs().into_iter().flatten() {
            self.step()?;
            match value.datum() {
                Datum::Tensor(tensor) => {
                    let name = join(path, name)?;
                    self.count(&name, depth)?;
                    self.tensors.push((name, tensor));
                }
                Datum::Dict(_) if name.text().is_some() => {
                    let path = join(path, name)?;
                    self.count(&path, depth)?;
                    self.dict(value, &path, depth + 1)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn step(&mut self) -> Said<()> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err("its modules name each other so often that there is no end to them".into());
        }
        Ok(())
    }

    /// Refuses names without end.
    fn count(&mut self, name: &str, depth: usize) -> Said<()> {
        self.step()?;
        if depth > DEEPEST || name.len() > LONGEST_NAME {
            return Err(format!(
                "`{}`: deeper than {DEEPEST} modules, or longer than {LONGEST_NAME} bytes",
                short(name)
            ));
        }
        if self.tensors.len() + self.modules.len() >= MOST_NAMES {
            return Err(format!("its network has more than {MOST_NAMES} modules and tensors"));
        }
        Ok(())
    }
}

fn join(path: &str, name: Value<'_>) -> Said<String> {
    let Some(name) = name.text().filter(|name| name.len() <= LONGEST_NAME && !name.contains(char::is_control)) else {
        return Err(format!("`{}`: a name inside it is no plain text, or too long", short(path)));
    };
    Ok(if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") })
}
