//! What both sides of a connection offer in their `WireFormatInfo`, and what they agree on.
//!
//! Both compute the same: the lower version, flags that both set, the smaller sizes and times.
//! Absent flags are false, absent numbers 0; types are strict, as Java's receivers are.

use super::{Primitive, PrimitiveMap, put_entry};
use crate::generated::WireFormatInfo;
use bytes::{BufMut, Bytes, BytesMut};

/// `ActiveMQ`: the first bytes of a `WireFormatInfo`.
pub const MAGIC: [u8; 8] = *b"ActiveMQ";
/// The highest version that exists.
pub const VERSION_MAX: u8 = 12;
/// Longest property block of a `WireFormatInfo` that is looked at.
const PROPERTIES_BYTES_MAX: usize = 16 * 1024;

/// How the frames of a connection are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// 1 to 12.
    pub version: u8,
    /// Tight encoding.
    pub tight: bool,
    /// Marshalling cache.
    pub cache: bool,
    /// Slots of the cache; 0 stands for 16,383.
    pub cache_size: u16,
    /// Exceptions carry stack traces.
    pub stack_traces: bool,
}

impl Format {
    /// In which a `WireFormatInfo` itself is written.
    pub const fn before_negotiation() -> Self {
        Self {
            version: 1,
            tight: false,
            cache: false,
            cache_size: 0,
            stack_traces: false,
        }
    }
}

/// What a side offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Highest version it speaks.
    pub version: i32,
    /// Tight encoding.
    pub tight: bool,
    /// Marshalling cache.
    pub cache: bool,
    /// Slots of the cache.
    pub cache_size: i32,
    /// Stack traces in exceptions.
    pub stack_traces: bool,
    /// No size prefix in front of frames. Never agreed to.
    pub no_size_prefix: bool,
    /// `TCP_NODELAY`.
    pub no_delay: bool,
    /// Longest silence, in milliseconds; 0 switches monitoring off.
    pub inactivity_ms: i64,
    /// Silence allowed before the first check, in milliseconds.
    pub inactivity_initial_ms: i64,
    /// Longest frame; 0 or less for no limit.
    pub frame_bytes_max: i64,
}

impl Offer {
    /// What both agree on: format, inactivity times, longest frame.
    ///
    /// # Errors
    /// When the peer has no version, or one below `version_min`.
    pub fn agree(&self, peer: &Self, version_min: u8) -> Result<Agreement, NegotiationError> {
        let version = self.version.min(peer.version).min(VERSION_MAX.into());
        let version = match u8::try_from(version) {
            Ok(version) if version >= version_min.max(1) => version,
            _ => {
                return Err(NegotiationError::Version {
                    found: peer.version,
                    least: version_min.max(1),
                });
            }
        };
        let cache_size = self.cache_size.min(peer.cache_size);
        let limits = [self.frame_bytes_max, peer.frame_bytes_max];
        Ok(Agreement {
            format: Format {
                version,
                tight: self.tight && peer.tight,
                cache: self.cache && peer.cache,
                cache_size: u16::try_from(cache_size).unwrap_or(0),
                stack_traces: self.stack_traces && peer.stack_traces,
            },
            inactivity_ms: least(self.inactivity_ms, peer.inactivity_ms),
            inactivity_initial_ms: least(self.inactivity_initial_ms, peer.inactivity_initial_ms),
            frame_bytes_max: limits.into_iter().filter(|limit| *limit > 0).min(),
        })
    }

    /// Reads a peer's offer.
    ///
    /// # Errors
    /// When the magic or the type of a property is wrong.
    pub fn of(info: &WireFormatInfo) -> Result<Self, NegotiationError> {
        if info.magic != MAGIC {
            return Err(NegotiationError::Magic);
        }
        let mut offer = Self {
            version: info.version,
            tight: false,
            cache: false,
            cache_size: 0,
            stack_traces: false,
            no_size_prefix: false,
            no_delay: false,
            inactivity_ms: 0,
            inactivity_initial_ms: 0,
            frame_bytes_max: 0,
        };
        let empty = Bytes::new();
        let properties = info.marshalled_properties.as_ref().unwrap_or(&empty);
        if properties.len() > PROPERTIES_BYTES_MAX {
            return Err(NegotiationError::Properties);
        }
        for entry in PrimitiveMap::new(properties) {
            let Ok((name, value)) = entry else {
                return Err(NegotiationError::Properties);
            };
            offer.take(name, value)?;
        }
        Ok(offer)
    }

    fn take(&mut self, name: &[u8], value: Primitive<'_>) -> Result<(), NegotiationError> {
        let flag = match name {
            b"TightEncodingEnabled" => Some(&mut self.tight),
            b"CacheEnabled" => Some(&mut self.cache),
            b"StackTraceEnabled" => Some(&mut self.stack_traces),
            b"SizePrefixDisabled" => Some(&mut self.no_size_prefix),
            b"TcpNoDelayEnabled" => Some(&mut self.no_delay),
            _ => None,
        };
        let number = match name {
            b"MaxInactivityDuration" => Some(&mut self.inactivity_ms),
            b"MaxInactivityDurationInitalDelay" => Some(&mut self.inactivity_initial_ms),
            b"MaxFrameSize" => Some(&mut self.frame_bytes_max),
            _ => None,
        };
        match (flag, number, value) {
            (Some(slot), _, Primitive::Boolean(flag)) => *slot = flag,
            (_, Some(slot), Primitive::Long(number)) => *slot = number,
            (Some(_), ..) | (_, Some(_), _) => {
                let property = String::from_utf8_lossy(name).into_owned();
                return Err(NegotiationError::PropertyType { property });
            }
            (None, None, Primitive::Integer(number)) if name == b"CacheSize" => {
                self.cache_size = number;
            }
            _ => {}
        }
        Ok(())
    }

    /// The structure that offers this.
    pub fn info(&self) -> WireFormatInfo {
        let mut map = BytesMut::with_capacity(512);
        map.put_i32(13);
        let mut put = |name: &str, value| put_entry(&mut map, name, &value);
        put("TcpNoDelayEnabled", Primitive::Boolean(self.no_delay));
        put(
            "SizePrefixDisabled",
            Primitive::Boolean(self.no_size_prefix),
        );
        put("CacheEnabled", Primitive::Boolean(self.cache));
        put("CacheSize", Primitive::Integer(self.cache_size));
        put("TightEncodingEnabled", Primitive::Boolean(self.tight));
        put("StackTraceEnabled", Primitive::Boolean(self.stack_traces));
        put("MaxInactivityDuration", Primitive::Long(self.inactivity_ms));
        let initial = self.inactivity_initial_ms;
        put("MaxInactivityDurationInitalDelay", Primitive::Long(initial));
        put("MaxFrameSize", Primitive::Long(self.frame_bytes_max));
        put("MaxFrameSizeEnabled", Primitive::Boolean(true));
        put("ProviderName", Primitive::String(b"ActiveMQ"));
        let version = env!("CARGO_PKG_VERSION").as_bytes();
        put("ProviderVersion", Primitive::String(version));
        put("PlatformDetails", Primitive::String(b"Floodway"));
        WireFormatInfo {
            magic: MAGIC,
            version: self.version,
            marshalled_properties: Some(map.freeze()),
        }
    }
}

fn least(ours: i64, theirs: i64) -> u64 {
    u64::try_from(ours.min(theirs)).unwrap_or(0)
}

/// What both sides follow from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// How frames are written.
    pub format: Format,
    /// Longest silence in milliseconds; 0 for no monitoring.
    pub inactivity_ms: u64,
    /// Silence allowed before the first check, in milliseconds.
    pub inactivity_initial_ms: u64,
    /// Longest frame, if limited.
    pub frame_bytes_max: Option<i64>,
}

/// Why two sides cannot talk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NegotiationError {
    #[error("the first frame does not begin with the OpenWire magic; is this an OpenWire client?")]
    Magic,
    #[error("the client speaks OpenWire version {found}; at least {least} is needed")]
    Version { found: i32, least: u8 },
    #[error("the properties of WireFormatInfo are malformed or too long")]
    Properties,
    #[error("the property {property} of WireFormatInfo has the wrong type")]
    PropertyType { property: String },
}
