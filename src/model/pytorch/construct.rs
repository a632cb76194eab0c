//! What a pickle calls. A short list is done here, with code of our own; everything else becomes an object that is only
//! data.

use super::{
    literal::short,
    numpy, refused,
    said::Said,
    tensor::{ElementKind, SavedStorage, SavedTensor},
    unpickler::{REFUSED, Unpickler},
    value::{Datum, Id, Object},
};

/// Of the name of a module or a class, and of a storage's key.
const LONGEST_NAME: usize = 512;

impl Unpickler {
    /// A class by its name, or a refusal.
    pub(super) fn class(&self, module: &str, name: &str) -> Said<Datum> {
        if module.len() > LONGEST_NAME || name.len() > LONGEST_NAME {
            return Err(format!("the name of a class is longer than {LONGEST_NAME} bytes"));
        }
        if module.chars().chain(name.chars()).any(char::is_control) {
            return Err("the name of a class is no plain text".into());
        }
        if refused::is(module, name) {
            return Err(format!(
                "{REFUSED}the pickle asks to call `{}`: that is an attack, or no network; nothing of it was run",
                short(&format!("{module}.{name}"))
            ));
        }
        Ok(Datum::Class(format!("{module}.{name}").into()))
    }

    /// Text that is to be a name.
    pub(super) fn name(&self, id: Id) -> Said<String> {
        match self.datum(id) {
            Datum::Text(text) if text.len() <= LONGEST_NAME && !text.contains(char::is_control) => Ok(text.to_string()),
            _ => Err("a name that is no plain text, or too long".into()),
        }
    }

    /// What a persistent id stands for.
    pub(super) fn persistent(&mut self, id: Id) -> Said<Id> {
        let Datum::Tuple(parts) = self.datum(id) else { return Err("a persistent id that is no tuple".into()) };
        let (kind, rest) = parts.split_first().ok_or("an empty persistent id")?;
        let storage = match (self.name(*kind)?.as_str(), rest) {
            // Old files write a module's class with its source text, for Python to compare.
            ("module", [class, ..]) if matches!(self.datum(*class), Datum::Class(_)) => return Ok(*class),
            ("storage", [class, key, _location, count, view @ ..]) => {
                let Datum::Class(class) = self.datum(*class) else { return Err("a storage without a class".into()) };
                let kind =
                    ElementKind::of_storage(class).ok_or_else(|| format!("a `{class}`, which is not read here"))?;
                let (key, count) = (self.name(*key)?, self.count(*count)?);
                SavedStorage { kind, key: key.into(), count, view: self.view(view)? }
            }
            (other, _) => return Err(format!("a persistent id of the unknown kind `{}`", short(other))),
        };
        storage.check()?;
        self.add(Datum::Storage(Box::new(storage)))
    }

    /// Old files may have storages that are a part of another: its key, where, and how many numbers.
    fn view(&self, view: &[Id]) -> Said<Option<(u64, u64)>> {
        let Some(view) = view.first() else { return Ok(None) };
        match self.datum(*view) {
            Datum::None => Ok(None),
            Datum::Tuple(parts) => match parts.as_slice() {
                [_key, first, count] => Ok(Some((self.count(*first)?, self.count(*count)?))),
                _ => Err("a part of a storage without its place".into()),
            },
            _ => Err("a part of a storage without its place".into()),
        }
    }

    fn count(&self, id: Id) -> Said<u64> {
        match self.datum(id) {
            Datum::Int(count) => u64::try_from(*count).map_err(|_| format!("a count of {count}")),
            _ => Err("a count that is no whole number".into()),
        }
    }

    fn sizes(&self, id: Id) -> Said<Vec<u64>> {
        match self.datum(id) {
            Datum::Tuple(ids) | Datum::List(ids) if ids.len() <= SavedTensor::MOST_AXES => {
                ids.iter().map(|id| self.count(*id)).collect()
            }
            Datum::Tuple(ids) | Datum::List(ids) => {
                Err(format!("a tensor of {} axes, where {} are read", ids.len(), SavedTensor::MOST_AXES))
            }
            _ => Err("a size that is no tuple".into()),
        }
    }

    /// Calls `class` with `args`: by our own code, or not at all.
    pub(super) fn construct(&mut self, class: Id, args: Id) -> Said<Id> {
        let Datum::Class(name) = self.datum(class) else { return Err("calls what is not a class".into()) };
        let Datum::Tuple(list) = self.datum(args) else { return Err("arguments that are no tuple".into()) };
        let datum = match (name.as_ref(), list.as_slice()) {
            (
                "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2",
                [storage, offset, shape, strides, ..],
            ) => {
                let Datum::Storage(storage) = self.datum(*storage) else {
                    return Err("a tensor without a storage".into());
                };
                let (offset, shape, strides) = (self.count(*offset)?, self.sizes(*shape)?, self.sizes(*strides)?);
                Datum::Tensor(Box::new(SavedTensor::new((**storage).clone(), offset, shape, strides)?))
            }
            ("torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state", [tensor, ..]) => {
                return Ok(*tensor);
            }
            ("torch.Size" | "builtins.tuple" | "__builtin__.tuple", list) => Datum::Tuple(self.copied(list)?),
            ("builtins.list" | "__builtin__.list", list) => Datum::List(self.copied(list)?),
            ("builtins.set" | "__builtin__.set" | "builtins.frozenset" | "__builtin__.frozenset", list) => {
                Datum::Set(self.copied(list)?)
            }
            ("collections.OrderedDict" | "builtins.dict" | "__builtin__.dict", list) => Datum::Dict(self.dict(list)?),
            // What protocols 0 to 2 have for an object's class.
            ("copy_reg._reconstructor" | "copyreg._reconstructor", [class, ..])
            | ("copy_reg.__newobj__" | "copyreg.__newobj__" | "copyreg.__newobj_ex__", [class, ..]) => {
                Object::datum(*class, args)
            }
            ("_codecs.encode", [text, ..]) => self.encoded(*text, class, args),
            ("numpy.core.multiarray.scalar" | "numpy._core.multiarray.scalar", [dtype, bytes]) => {
                numpy::scalar(self, *dtype, *bytes).unwrap_or(Object::datum(class, args))
            }
            _ => Object::datum(class, args),
        };
        // What is copied is paid for, or a few bytes of pickle could copy a long list many times.
        self.spend(match &datum {
            Datum::Bytes(bytes) => bytes.len(),
            Datum::List(ids) | Datum::Tuple(ids) | Datum::Set(ids) => ids.len(),
            Datum::Dict(pairs) => pairs.len(),
            _ => 0,
        })?;
        self.add(datum)
    }

    /// What the only argument of `list(..)` and its like holds.
    fn copied(&self, args: &[Id]) -> Said<Vec<Id>> {
        match args {
            [] => Ok(vec![]),
            [list] => match self.datum(*list) {
                Datum::List(ids) | Datum::Tuple(ids) | Datum::Set(ids) => Ok(ids.clone()),
                _ => Err("a list of what is no list".into()),
            },
            _ => Err("a list of more than one argument".into()),
        }
    }

    fn dict(&self, args: &[Id]) -> Said<Vec<(Id, Id)>> {
        match args {
            [] => Ok(vec![]),
            [list] => match self.datum(*list) {
                Datum::Dict(pairs) => Ok(pairs.clone()),
                Datum::List(ids) | Datum::Tuple(ids) => ids.iter().map(|id| self.pair(*id)).collect(),
                _ => Err("a dictionary of what holds no pairs".into()),
            },
            _ => Err("a dictionary of more than one argument".into()),
        }
    }

    fn pair(&self, id: Id) -> Said<(Id, Id)> {
        match self.datum(id) {
            Datum::List(ids) | Datum::Tuple(ids) => match ids.as_slice() {
                [key, value] => Ok((*key, *value)),
                _ => Err("a pair that is none".into()),
            },
            _ => Err("a pair that is none".into()),
        }
    }

    /// Bytes as protocol 2 spells them: Latin-1 text to be encoded.
    fn encoded(&self, text: Id, class: Id, args: Id) -> Datum {
        match self.datum(text) {
            Datum::Text(text) => {
                match text.chars().map(|c| u8::try_from(u32::from(c))).collect::<Result<Vec<u8>, _>>() {
                    Ok(bytes) => Datum::Bytes(bytes.into()),
                    Err(_) => Object::datum(class, args),
                }
            }
            _ => Object::datum(class, args),
        }
    }

    /// Gives an object its state.
    pub(super) fn build(&mut self, id: Id, state: Id) -> Said<()> {
        if let Some(number) = numpy::only_number(self, id, state) {
            *self.datum_mut(id)? = number;
            return Ok(());
        }
        match self.datum_mut(id)? {
            Datum::Object(object) => object.state = Some(state),
            // Attributes of a state dict (versions of its modules) or of a parameter.
            Datum::Dict(_) | Datum::Tensor(_) | Datum::List(_) | Datum::Set(_) => {}
            _ => return Err("gives a state to what has none".into()),
        }
        Ok(())
    }
}

impl Object {
    fn datum(class: Id, args: Id) -> Datum {
        Datum::Object(Box::new(Self { class, args, state: None, list: vec![], pairs: vec![] }))
    }
}
