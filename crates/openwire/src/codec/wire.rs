//! What every structure can do, and the one abstract type that fields name.

use super::{DecodeError, Reader, Writer};
use crate::generated::structure::{CachedRef, CachedValue};
use crate::generated::{LocalTransactionId, XATransactionId};

/// A structure, or a choice of structures.
pub trait Wire: Sized {
    /// `true` for the wire types that it can be.
    fn accepts(type_id: u8) -> bool;

    /// Its wire type.
    fn type_id(&self) -> u8;

    /// Reads its fields.
    ///
    /// # Errors
    /// When the frame is not well formed.
    fn read(r: &mut Reader<'_>, type_id: u8) -> Result<Self, DecodeError>;

    /// Writes its fields.
    fn write(&self, w: &mut Writer<'_>);
}

impl<T: Wire> Wire for Box<T> {
    fn accepts(type_id: u8) -> bool {
        T::accepts(type_id)
    }

    fn type_id(&self) -> u8 {
        (**self).type_id()
    }

    fn read(r: &mut Reader<'_>, type_id: u8) -> Result<Self, DecodeError> {
        T::read(r, type_id).map(Box::new)
    }

    fn write(&self, w: &mut Writer<'_>) {
        (**self).write(w);
    }
}

/// A structure that can stand in a cached field.
pub trait Cached: Wire {
    /// What it is looked up by; `None` when it is never stored.
    fn key(&self) -> Option<CachedRef<'_>>;

    /// A copy of what a slot holds; `None` when it is of another type.
    fn load(value: &CachedValue) -> Option<Self>;
}

impl<T: Cached> Cached for Box<T> {
    fn key(&self) -> Option<CachedRef<'_>> {
        (**self).key()
    }

    fn load(value: &CachedValue) -> Option<Self> {
        T::load(value).map(Box::new)
    }
}

/// The name of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize), serde(untagged))]
pub enum TransactionId {
    /// Numbered by a connection.
    Local(LocalTransactionId),
    /// Named by a transaction manager.
    Xa(XATransactionId),
}

impl Wire for TransactionId {
    fn accepts(type_id: u8) -> bool {
        LocalTransactionId::accepts(type_id) || XATransactionId::accepts(type_id)
    }

    fn type_id(&self) -> u8 {
        match self {
            Self::Local(one) => one.type_id(),
            Self::Xa(one) => one.type_id(),
        }
    }

    fn read(r: &mut Reader<'_>, type_id: u8) -> Result<Self, DecodeError> {
        if LocalTransactionId::accepts(type_id) {
            LocalTransactionId::read(r, type_id).map(Self::Local)
        } else {
            XATransactionId::read(r, type_id).map(Self::Xa)
        }
    }

    fn write(&self, w: &mut Writer<'_>) {
        match self {
            Self::Local(one) => one.write(w),
            Self::Xa(one) => one.write(w),
        }
    }
}

impl Cached for TransactionId {
    fn key(&self) -> Option<CachedRef<'_>> {
        match self {
            Self::Local(one) => one.key(),
            Self::Xa(one) => one.key(),
        }
    }

    fn load(value: &CachedValue) -> Option<Self> {
        match value {
            CachedValue::LocalTransactionId(one) => Some(Self::Local(one.clone())),
            CachedValue::XATransactionId(one) => Some(Self::Xa(one.clone())),
            _ => None,
        }
    }
}
