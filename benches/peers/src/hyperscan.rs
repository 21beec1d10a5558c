//! As much of Hyperscan's interface as one pattern needs (`hs.h`, 5.4).

use std::ffi::{CString, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::ptr::{null, null_mut};

const HS_MODE_BLOCK: c_uint = 1;
/// Report where a match starts: a replacement needs it.
const HS_FLAG_SOM_LEFTMOST: c_uint = 256;

type OnMatch = extern "C" fn(c_uint, c_ulonglong, c_ulonglong, c_uint, *mut c_void) -> c_int;

unsafe extern "C" {
    fn hs_compile(
        pattern: *const c_char,
        flags: c_uint,
        mode: c_uint,
        platform: *const c_void,
        database: *mut *mut c_void,
        error: *mut *mut c_void,
    ) -> c_int;
    fn hs_alloc_scratch(database: *const c_void, scratch: *mut *mut c_void) -> c_int;
    fn hs_scan(
        database: *const c_void,
        data: *const c_char,
        length: c_uint,
        flags: c_uint,
        scratch: *mut c_void,
        on_match: OnMatch,
        context: *mut c_void,
    ) -> c_int;
    fn hs_version() -> *const c_char;
}

/// One compiled pattern. Lives as long as the bench; nothing is freed.
pub(crate) struct Pattern {
    database: *mut c_void,
    scratch: *mut c_void,
}

pub(crate) fn version() -> String {
    // SAFETY: a constant text that ends in NUL.
    unsafe { std::ffi::CStr::from_ptr(hs_version()) }.to_string_lossy().into_owned()
}

impl Pattern {
    pub(crate) fn new(pattern: &str) -> Self {
        let text = CString::new(pattern).expect("a pattern without NUL");
        let (mut database, mut error, mut scratch) = (null_mut(), null_mut(), null_mut());
        // SAFETY: all pointers are valid for the calls; the database outlives the scratch space made for it.
        unsafe {
            assert_eq!(hs_compile(text.as_ptr(), HS_FLAG_SOM_LEFTMOST, HS_MODE_BLOCK, null(), &mut database, &mut error), 0, "hs_compile");
            assert_eq!(hs_alloc_scratch(database, &mut scratch), 0, "hs_alloc_scratch");
        }
        Self { database, scratch }
    }

    /// Puts `marker` where the pattern matches. Returns the number of places.
    pub(crate) fn replace(&mut self, text: &[u8], marker: &[u8], spans: &mut Vec<(usize, usize)>, out: &mut Vec<u8>) -> usize {
        spans.clear();
        let length = c_uint::try_from(text.len()).expect("a batch of less than 4 GiB");
        // SAFETY: the text is valid for its length; `spans` is what the callback takes its context for, and lives through the call.
        let code =
            unsafe { hs_scan(self.database, text.as_ptr().cast(), length, 0, self.scratch, noted, std::ptr::from_mut(spans).cast()) };
        assert_eq!(code, 0, "hs_scan");
        out.clear();
        let mut at = 0;
        for &(start, end) in spans.iter() {
            out.extend_from_slice(&text[at.min(start)..start]);
            out.extend_from_slice(marker);
            at = end;
        }
        out.extend_from_slice(&text[at..]);
        spans.len()
    }
}

/// Each end of a match is reported, also those within a longer match of the same start: the last one counts.
extern "C" fn noted(_id: c_uint, from: c_ulonglong, to: c_ulonglong, _flags: c_uint, context: *mut c_void) -> c_int {
    // SAFETY: `replace` passes its list of spans.
    let spans = unsafe { &mut *context.cast::<Vec<(usize, usize)>>() };
    let (from, to) = (from as usize, to as usize);
    match spans.last_mut() {
        Some(last) if from < last.1 => last.1 = to,
        _ => spans.push((from, to)),
    }
    0
}
