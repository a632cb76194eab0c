//! The machine that a pickle is a program for, protocols 0 to 5. It takes one opcode after the other and builds data.

use std::collections::HashMap;

use super::{
    counted::CountedBytes,
    literal::{number, short, text},
    said::Said,
    value::{Datum, Id, Pickle},
};

/// Opcodes, and values that are copied. P7 with its optimizer takes 139,000.
const MOST_STEPS: usize = 4 << 20;
const MOST_VALUES: usize = 1 << 20;

const NONE: Id = Id(0);
const FALSE: Id = Id(1);
const TRUE: Id = Id(2);
const EMPTY_TUPLE: Id = Id(3);

/// The machine: what was built, the stack with its marks, and the memo that values are recalled from.
pub struct Unpickler {
    pub(super) data: Vec<Datum>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    steps: usize,
}

/// Plays one pickle, up to and with its STOP.
pub fn play(stream: &mut CountedBytes<'_>) -> Said<Pickle> {
    let mut machine = Unpickler {
        data: vec![Datum::None, Datum::Bool(false), Datum::Bool(true), Datum::Tuple(vec![])],
        stack: vec![],
        marks: vec![],
        memo: HashMap::new(),
        steps: 0,
    };
    loop {
        let at = stream.at();
        let root = stream.byte().and_then(|opcode| machine.step(opcode, stream));
        match root {
            Ok(None) => {}
            Ok(Some(root)) => return Ok(Pickle { data: machine.data, root }),
            Err(said) if said.starts_with(REFUSED) => return Err(format!("{said} (byte {at} of the pickle)")),
            Err(said) => return Err(format!("byte {at} of the pickle: {said}")),
        }
    }
}

/// How the sentence begins where harm was meant.
pub const REFUSED: &str = "refused: ";

impl Unpickler {
    /// One opcode; what is on top of the stack if it was the last.
    fn step(&mut self, opcode: u8, stream: &mut CountedBytes<'_>) -> Said<Option<Id>> {
        self.spend(1)?;
        match opcode {
            b'.' => return self.pop().map(Some),
            // PROTO
            0x80 => match stream.byte()? {
                0..=5 => {}
                other => return Err(format!("protocol {other}, where 0 to 5 are known")),
            },
            // FRAME: how much follows is known without.
            0x95 => _ = stream.array::<8>()?,
            b'N' => self.stack.push(NONE),
            0x88 => self.stack.push(TRUE),
            0x89 => self.stack.push(FALSE),
            b')' => self.stack.push(EMPTY_TUPLE),
            b'J' | b'K' | b'M' | 0x8a | 0x8b | b'I' | b'L' | b'F' | b'G' => {
                let datum = number(opcode, stream)?;
                self.push(datum)?;
            }
            b'X' | 0x8c | 0x8d | b'T' | b'U' | b'B' | b'C' | 0x8e | 0x96 | b'S' | b'V' => {
                let datum = text(opcode, stream)?;
                self.push(datum)?;
            }
            b']' => self.push(Datum::List(vec![]))?,
            b'}' => self.push(Datum::Dict(vec![]))?,
            0x8f => self.push(Datum::Set(vec![]))?,
            b'l' => self.gather(Datum::List)?,
            b't' => self.gather(Datum::Tuple)?,
            0x91 => self.gather(Datum::Set)?,
            0x85..=0x87 => {
                let mut ids: Vec<Id> = (0x85..=opcode).map(|_| self.pop()).collect::<Said<_>>()?;
                ids.reverse();
                self.push(Datum::Tuple(ids))?;
            }
            b'd' => {
                let pairs = pairs(&self.pop_mark()?)?;
                self.push(Datum::Dict(pairs))?;
            }
            b'a' => {
                let id = self.pop()?;
                self.append(&[id])?;
            }
            b'e' | 0x90 => {
                let ids = self.pop_mark()?;
                self.append(&ids)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(vec![(key, value)])?;
            }
            b'u' => {
                let pairs = pairs(&self.pop_mark()?)?;
                self.set(pairs)?;
            }
            b'(' => self.marks.push(self.stack.len()),
            b'1' => _ = self.pop_mark()?,
            b'0' if self.marks.last() == Some(&self.stack.len()) => _ = self.marks.pop(),
            b'0' => _ = self.pop()?,
            b'2' => self.stack.push(self.top()?),
            b'p' | b'q' | b'r' | 0x94 => {
                let place = match opcode {
                    0x94 => self.memo.len() as u64,
                    _ => place(opcode, stream)?,
                };
                let top = self.top()?;
                self.memo.insert(place, top);
                if self.memo.len() > MOST_VALUES {
                    return Err(format!("recalls more than {MOST_VALUES} values, which no network has"));
                }
            }
            b'g' | b'h' | b'j' => {
                let place = place(opcode, stream)?;
                let id =
                    self.memo.get(&place).ok_or_else(|| format!("there is nothing at place {place} of the memo"))?;
                self.stack.push(*id);
            }
            b'c' => {
                let (module, name) = (stream.line()?, stream.line()?);
                self.global(&module, &name)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (module, name) = (self.name(module)?, self.name(name)?);
                self.global(&module, &name)?;
            }
            b'P' => return Err("a persistent id that is a line of text, which torch.save never writes".into()),
            b'Q' => {
                let id = self.pop()?;
                let id = self.persistent(id)?;
                self.stack.push(id);
            }
            b'R' | 0x81 => {
                let (args, class) = (self.pop()?, self.pop()?);
                let id = self.construct(class, args)?;
                self.stack.push(id);
            }
            0x92 => {
                let (_keywords, args, class) = (self.pop()?, self.pop()?, self.pop()?);
                let id = self.construct(class, args)?;
                self.stack.push(id);
            }
            b'i' => {
                let (module, name) = (stream.line()?, stream.line()?);
                let args = self.pop_mark()?;
                self.global(&module, &name)?;
                let class = self.pop()?;
                let args = self.add(Datum::Tuple(args))?;
                let id = self.construct(class, args)?;
                self.stack.push(id);
            }
            b'o' => {
                let ids = self.pop_mark()?;
                let (class, args) = ids.split_first().ok_or("an object without a class")?;
                let args = self.add(Datum::Tuple(args.to_vec()))?;
                let id = self.construct(*class, args)?;
                self.stack.push(id);
            }
            b'b' => {
                let (state, object) = (self.pop()?, self.top()?);
                self.build(object, state)?;
            }
            0x82..=0x84 => return Err("a class by its number in `copyreg`, which no checkpoint has".into()),
            0x97 | 0x98 => return Err("bytes that lie outside of the pickle, which no checkpoint has".into()),
            other => return Err(format!("there is no opcode 0x{other:02x}: this is not a pickle, or a damaged one")),
        }
        Ok(None)
    }

    /// Pays for `count` steps.
    pub(super) fn spend(&mut self, count: usize) -> Said<()> {
        self.steps = self.steps.saturating_add(count);
        if self.steps > MOST_STEPS {
            return Err(format!("more than {MOST_STEPS} steps, which no network takes"));
        }
        Ok(())
    }

    /// Adds a value.
    pub(super) fn add(&mut self, datum: Datum) -> Said<Id> {
        if self.data.len() >= MOST_VALUES {
            return Err(format!("more than {MOST_VALUES} values, which no network has"));
        }
        let id = Id(u32::try_from(self.data.len()).map_err(|e| e.to_string())?);
        self.data.push(datum);
        Ok(id)
    }

    /// The value at `id`.
    pub(super) fn datum(&self, id: Id) -> &Datum {
        self.data.get(id.0 as usize).unwrap_or(&Datum::None)
    }

    /// The value at `id`, to change it.
    pub(super) fn datum_mut(&mut self, id: Id) -> Said<&mut Datum> {
        self.data.get_mut(id.0 as usize).ok_or_else(|| "a value that is not there".into())
    }

    fn push(&mut self, datum: Datum) -> Said<()> {
        let id = self.add(datum)?;
        self.stack.push(id);
        Ok(())
    }

    fn top(&self) -> Said<Id> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.last() {
            Some(id) if self.stack.len() > floor => Ok(*id),
            _ => Err("the stack is empty".into()),
        }
    }

    fn pop(&mut self) -> Said<Id> {
        let id = self.top()?;
        self.stack.pop();
        Ok(id)
    }

    /// All that was pushed since the last mark.
    fn pop_mark(&mut self) -> Said<Vec<Id>> {
        let mark = self.marks.pop().ok_or("there is no mark on the stack")?;
        Ok(self.stack.drain(mark.min(self.stack.len())..).collect())
    }

    fn gather(&mut self, make: fn(Vec<Id>) -> Datum) -> Said<()> {
        let ids = self.pop_mark()?;
        self.push(make(ids))
    }

    fn append(&mut self, ids: &[Id]) -> Said<()> {
        let top = self.top()?;
        match self.datum_mut(top)? {
            Datum::List(list) | Datum::Set(list) => list.extend_from_slice(ids),
            Datum::Object(object) => object.list.extend_from_slice(ids),
            _ => return Err("appends to what is no list".into()),
        }
        Ok(())
    }

    fn set(&mut self, pairs: Vec<(Id, Id)>) -> Said<()> {
        let top = self.top()?;
        match self.datum_mut(top)? {
            Datum::Dict(dict) => dict.extend(pairs),
            Datum::Object(object) => object.pairs.extend(pairs),
            _ => return Err("sets a key of what is no dictionary".into()),
        }
        Ok(())
    }

    fn global(&mut self, module: &str, name: &str) -> Said<()> {
        let class = self.class(module, name)?;
        self.push(class)
    }
}

/// Keys and values, which take turns.
fn pairs(ids: &[Id]) -> Said<Vec<(Id, Id)>> {
    let (pairs, rest) = ids.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("a key without a value".into());
    }
    Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
}

/// A place of the memo.
fn place(opcode: u8, stream: &mut CountedBytes<'_>) -> Said<u64> {
    Ok(match opcode {
        b'q' | b'h' => stream.byte()?.into(),
        b'r' | b'j' => u32::from_le_bytes(stream.array()?).into(),
        _ => {
            let line = stream.line()?;
            line.parse().map_err(|_| format!("expected a place of the memo, found `{}`", short(&line)))?
        }
    })
}
