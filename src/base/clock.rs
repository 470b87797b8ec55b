//! Time, injectable so that tests own it.

use std::time::{Instant, SystemTime};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Wall and monotonic time.
pub trait Clock: Send + Sync {
    /// Wall time, for what is shown and stored.
    fn wall(&self) -> Stamp;
    /// Monotonic time, for durations.
    fn instant(&self) -> Instant;
}

/// The machine's own clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall(&self) -> Stamp {
        Stamp(SystemTime::now().into())
    }
    fn instant(&self) -> Instant {
        Instant::now()
    }
}

/// A wall-clock instant in UTC, written as RFC 3339 with seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(OffsetDateTime);

impl Stamp {
    /// From seconds since 1970; `None` outside the years RFC 3339 can write.
    pub fn from_unix(seconds: i64) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp(seconds).ok().filter(|t| (0..=9999).contains(&t.year())).map(Self)
    }

    /// Parses RFC 3339. `None` too for an instant that in UTC is outside the years it can write.
    pub fn parse(s: &str) -> Option<Self> {
        let here = OffsetDateTime::parse(s, &Rfc3339).ok()?;
        here.checked_to_offset(time::UtcOffset::UTC).filter(|t| (0..=9999).contains(&t.year())).map(Self)
    }

    /// Parses an HTTP date in its preferred form (RFC 9110 section 5.6.7).
    pub fn parse_http(s: &str) -> Option<Self> {
        let format = time::macros::format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        let at = time::PrimitiveDateTime::parse(s.trim(), format).ok()?;
        Self::from_unix(at.assume_utc().unix_timestamp())
    }

    /// Seconds since 1970.
    pub fn unix(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// From milliseconds since 1970; `None` outside the years RFC 3339 can write.
    pub fn from_millis(millis: i64) -> Option<Self> {
        let within = Self::from_unix(millis.div_euclid(1_000))?;
        Some(Self(within.0 + time::Duration::milliseconds(millis.rem_euclid(1_000))))
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.unix() * 1_000 + i64::from(self.0.millisecond())
    }
}

impl From<SystemTime> for Stamp {
    fn from(t: SystemTime) -> Self {
        Self(t.into())
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let t = self.0;
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("this is not a time in RFC 3339"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_rfc3339() {
        let t = Stamp::from_unix(1_700_000_000).expect("in range");
        assert_eq!(t.to_string(), "2023-11-14T22:13:20Z");
        assert_eq!(Stamp::parse("2023-11-14T23:13:20+01:00"), Some(t));
        assert_eq!(Stamp::from_unix(i64::MAX), None);
        assert_eq!(Stamp::parse_http("Sun, 11 Nov 2018 23:59:59 GMT").map(Stamp::unix), Some(1_541_980_799));
        assert_eq!(Stamp::parse_http("2018-11-11"), None);
    }
}
