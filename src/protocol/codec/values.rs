//! The binary form of plain values.

use super::{Reader, Wire, Writer};
use crate::model::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Implements [`Wire`] for a struct: its fields in the given order.
macro_rules! wire_struct {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::protocol::codec::Wire for $name {
            fn write(&self, to: &mut $crate::protocol::codec::Writer) {
                let Self { $($field),+ } = self;
                $($field.write(to);)+
            }

            fn read(from: &mut $crate::protocol::codec::Reader<'_>) -> Self {
                Self { $($field: $crate::protocol::codec::Wire::read(from)),+ }
            }
        }
    };
}
pub(crate) use wire_struct;

/// Implements [`Wire`] for an enum without fields: the number of the variant in one byte. Invalid bytes yield
/// the first variant.
macro_rules! wire_choice {
    ($name:ident { $first_number:literal = $first:ident $(, $number:literal = $variant:ident)* $(,)? }) => {
        impl $crate::protocol::codec::Wire for $name {
            fn write(&self, to: &mut $crate::protocol::codec::Writer) {
                to.byte(match self {
                    Self::$first => $first_number,
                    $(Self::$variant => $number),*
                });
            }

            fn read(from: &mut $crate::protocol::codec::Reader<'_>) -> Self {
                match from.byte() {
                    $first_number => {}
                    $($number => return Self::$variant,)*
                    _ => from.fail(),
                }
                Self::$first
            }
        }
    };
}
pub(crate) use wire_choice;

impl Wire for bool {
    fn write(&self, to: &mut Writer) {
        to.byte((*self).into());
    }

    fn read(from: &mut Reader<'_>) -> Self {
        match from.byte() {
            0 => false,
            1 => true,
            _ => {
                from.fail();
                false
            }
        }
    }
}

impl Wire for u8 {
    fn write(&self, to: &mut Writer) {
        to.byte(*self);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        from.byte()
    }

    fn write_list(list: &[Self], to: &mut Writer) {
        to.count(list.len());
        to.raw(list);
    }

    fn read_list(from: &mut Reader<'_>) -> Vec<Self> {
        let len = from.count();
        from.raw(len).to_vec()
    }
}

impl Wire for u64 {
    fn write(&self, to: &mut Writer) {
        to.number(*self);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        from.number()
    }
}

impl Wire for u32 {
    fn write(&self, to: &mut Writer) {
        to.number((*self).into());
    }

    fn read(from: &mut Reader<'_>) -> Self {
        narrow(from.number(), from)
    }
}

impl Wire for u16 {
    fn write(&self, to: &mut Writer) {
        to.number((*self).into());
    }

    fn read(from: &mut Reader<'_>) -> Self {
        narrow(from.number(), from)
    }
}

impl Wire for i32 {
    fn write(&self, to: &mut Writer) {
        to.signed((*self).into());
    }

    fn read(from: &mut Reader<'_>) -> Self {
        narrow(from.signed(), from)
    }
}

fn narrow<Wide, Narrow: TryFrom<Wide> + Default>(number: Wide, from: &mut Reader<'_>) -> Narrow {
    number.try_into().unwrap_or_else(|_| {
        from.fail();
        Narrow::default()
    })
}

/// Hundredths, to which sources round figures; values that are not finite become NaN.
impl Wire for f32 {
    fn write(&self, to: &mut Writer) {
        let hundredths = (f64::from(*self) * 100.0).round();
        to.signed(if hundredths.is_finite() {
            (hundredths as i64).max(-i64::MAX)
        } else {
            i64::MIN
        });
    }

    fn read(from: &mut Reader<'_>) -> Self {
        match from.signed() {
            i64::MIN => Self::NAN,
            hundredths => (hundredths as f64 / 100.0) as Self,
        }
    }
}

impl Wire for String {
    fn write(&self, to: &mut Writer) {
        to.string(self);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        from.string().to_owned()
    }
}

impl Wire for Timestamp {
    fn write(&self, to: &mut Writer) {
        to.time(*self);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        from.time()
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, to: &mut Writer) {
        self.is_some().write(to);
        if let Some(value) = self {
            value.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Self {
        bool::read(from).then(|| T::read(from))
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn write(&self, to: &mut Writer) {
        T::write_list(self, to);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        T::read_list(from)
    }
}

/// The elements in order.
impl<T: Wire + Ord> Wire for BTreeSet<T> {
    fn write(&self, to: &mut Writer) {
        to.count(self.len());
        self.iter().for_each(|item| item.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Self {
        T::read_list(from).into_iter().collect()
    }
}

impl<T: Wire, const N: usize> Wire for [T; N] {
    fn write(&self, to: &mut Writer) {
        self.iter().for_each(|item| item.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Self {
        std::array::from_fn(|_| T::read(from))
    }
}

impl<T: Wire> Wire for Box<T> {
    fn write(&self, to: &mut Writer) {
        T::write(self, to);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        Self::new(T::read(from))
    }
}

/// Implements [`Wire`] for shared values, like for the values themselves.
macro_rules! wire_shared {
    ($($name:ident),+ $(,)?) => {
        $(impl $crate::protocol::codec::Wire for std::sync::Arc<$name> {
            fn write(&self, to: &mut $crate::protocol::codec::Writer) {
                <$name as $crate::protocol::codec::Wire>::write(self, to);
            }

            fn read(from: &mut $crate::protocol::codec::Reader<'_>) -> Self {
                Self::new($crate::protocol::codec::Wire::read(from))
            }
        })+
    };
}
pub(crate) use wire_shared;

impl Wire for BTreeMap<String, String> {
    fn write(&self, to: &mut Writer) {
        to.count(self.len());
        for (key, value) in self {
            key.write(to);
            value.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Self {
        (0..from.count_of(2))
            .map(|_| (String::read(from), String::read(from)))
            .collect()
    }
}
