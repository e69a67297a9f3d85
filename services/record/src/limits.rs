//! Every bound on what comes in from outside, in one place. Units are in the names.

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

// -- files and pages --------------------------------------------------------------------
/// A file given to `import`, and an upload.
pub const FILE_BYTES_MAX: usize = 512 * MIB;
/// One page image as stored.
pub const PAGE_BYTES_MAX: usize = 256 * MIB;
/// Pixels of one page: A0 at 400 dpi is about 250 million.
pub const PAGE_PIXELS_MAX: u64 = 300_000_000;
pub const PAGE_SIDE_PIXELS_MAX: u32 = 65_500;
/// Pixels of one strip of film: 10 m of 16 mm film at 24× and 300 dpi.
pub const STRIP_PIXELS_MAX: u64 = 4_000_000_000;
/// Documents that the frames of one document on film are grouped into.
pub const REEL_GROUPS_MAX: usize = 1_000;
/// Memory that decoding one page may take, pixels and the decoder's own copy together: A0 at 400 dpi in colour fits.
pub const RASTER_MEMORY_BYTES_MAX: u64 = 1_280 * MIB as u64;
/// Pages of one file, and of one document.
pub const DOCUMENT_PAGES_MAX: usize = 5_000;
pub const BATCH_PAGES_MAX: usize = 20_000;
/// Reels in one finding aid, or list of reels.
pub const FINDING_AID_REELS_MAX: u32 = 20_000;
/// Barcodes looked at on one page.
pub const PAGE_BARCODES_MAX: usize = 32;
/// Free space on the disk of a station's spool below which no further sheet is fed: the largest page that a scanner gives, as
/// it is written beside its copy, and the journal's lines.
pub const SPOOL_RESERVE_BYTES: u64 = 1_024 * MIB as u64;
/// A station's rules for what codes do.
pub const CAPTURE_RULES_BYTES_MAX: usize = 64 * KIB;

// -- unpacking a file, reading a page: each in a child process ------------------------------
pub const UNPACK_SECONDS_MAX: u64 = 300;
/// One page of it.
pub const UNPACK_PAGE_SECONDS_MAX: u64 = 60;
pub const UNPACK_MEMORY_BYTES_MAX: u64 = 4 * 1024 * MIB as u64;
pub const PDF_OBJECTS_MAX: usize = 500_000;
pub const PDF_STREAM_BYTES_MAX: usize = 256 * MIB;
pub const READ_PAGE_SECONDS_MAX: u64 = 120;
pub const READ_MEMORY_BYTES_MAX: u64 = 3 * 1024 * MIB as u64;
/// Readers of one worker.
pub const READERS_MAX: usize = 256;
/// Words of a page that are shown to the second engine.
pub const SECOND_LOOK_WORDS_MAX: usize = 400;
/// Size of the second engine's model.
pub const SECOND_ENGINE_BYTES_MAX: u64 = 64 * MIB as u64;
/// Pages that one reader reads before a fresh one takes over.
pub const READER_PAGES_MAX: u32 = 1_000;
/// Memory that a reader may hold between two pages; one that holds more is replaced.
pub const READER_RESIDENT_BYTES_MAX: u64 = 400 * MIB as u64;

// -- text -----------------------------------------------------------------------------
pub const PAGE_WORDS_MAX: usize = 20_000;
pub const PAGE_TEXT_BYTES_MAX: usize = 16 * MIB;
pub const WORD_BYTES_MAX: usize = 400;
/// Rows and columns of one table.
pub const TABLE_LINES_MAX: u32 = 2_000;
/// Parts of one page that a person should look at; of more, the most pressing are kept.
pub const PAGE_ATTENTION_MAX: usize = 200;
/// One line that a person writes, and what a person writes in place of one word.
pub const ADDED_LINE_BYTES_MAX: usize = 4_000;
/// Lines added to a page in one correction.
pub const ADDED_LINES_MAX: usize = 1_000;
/// The rules by which fields are proposed.
pub const FIELD_RULES_BYTES_MAX: usize = 256 * KIB;

// -- records ----------------------------------------------------------------------------
pub const CANONICAL_BYTES_MAX: usize = 4 * MIB;
pub const CANONICAL_DEPTH_MAX: usize = 16;
/// C2SP tlog-tiles writes an entry's length in two bytes.
pub const LEAF_BYTES_MAX: usize = 2 * KIB;
pub const NAME_CHARS_MAX: usize = 120;
/// Why another number of sheets came than was laid in.
pub const EXPLANATION_CHARS_MAX: usize = 1_000;
/// Patient numbers that a station asks for at once.
pub const LOOKUP_PATIENTS_MAX: usize = 100;
/// Files of one bundle: pages, the words that they brought, originals and what proves them.
pub const BUNDLE_FILES_MAX: usize = 4 * DOCUMENT_PAGES_MAX;
/// Names of the files that one document came from.
pub const DOCUMENT_FILE_NAMES_MAX: usize = 100;

// -- bags -------------------------------------------------------------------------------
/// Of a bag that is read: files, folders within folders, and bytes of one of its manifests.
pub const BAG_FILES_MAX: usize = 20_000_000;
pub const BAG_DEPTH_MAX: usize = 64;
pub const BAG_MANIFEST_BYTES_MAX: u64 = 4 << 30;

// -- destruction --------------------------------------------------------------------------
/// Documents of one proposal, and objects of one order: its body stays below [`CANONICAL_BYTES_MAX`].
pub const DESTRUCTION_DOCUMENTS_MAX: usize = 1_000;
pub const DESTRUCTION_OBJECTS_MAX: usize = 40_000;
/// A number of the records office.
pub const REFERENCE_CHARS_MAX: usize = 40;
/// Patients and documents of one legal hold.
pub const HOLD_ENTRIES_MAX: usize = 1_000;
/// The retention schedule.
pub const RETENTION_BYTES_MAX: u64 = 256 * KIB as u64;

// -- ledger -----------------------------------------------------------------------------
/// Events of one commit; the staging object stays below 20 MiB.
pub const COMMIT_EVENTS_MAX: usize = 4_096;
/// Changes of a log's key: one a month for forty years.
pub const KEY_CHANGES_MAX: usize = 500;
/// `append` calls that wait for their commit before further ones are held back.
pub const COMMIT_WAITING_MAX: usize = 4_096;
/// What a log asks a witness: a proof of 63 hashes, and a checkpoint with its signatures.
pub const ADD_CHECKPOINT_BYTES_MAX: usize = 64 * KIB;
/// Lines of a policy: whom to trust.
pub const POLICY_LINES_MAX: usize = 1_000;
/// Commits lost in a row to other processes before an append gives up.
pub const COMMIT_ATTEMPTS_MAX: usize = 100;

// -- work queue -------------------------------------------------------------------------
/// Workers beat three times a lease, so a page whose worker died waits this long and no longer.
pub const LEASE_SECONDS: u64 = 45;
/// A page that was itself why it could not be read is given up after so many times.
pub const READ_FAILURES_MAX: u32 = 3;
/// So is one that was claimed so often: readers and workers that are ended from outside are not its fault, but no page goes
/// round for ever.
pub const READ_CLAIMS_MAX: u32 = 30;
/// Pages that campaigns may have in the queue at a time.
pub const CAMPAIGN_PORTION_MAX: u32 = 64;
/// Pages of one dry run.
pub const TRIAL_PAGES_MAX: u32 = 1_000;
/// The pause before a page is tried a second time; it doubles each time after.
pub const READ_RETRY_SECONDS: i64 = 10;

// -- HTTP -------------------------------------------------------------------------------
/// A form as browsers send it: that of a reel has two fields for each chart.
pub const FORM_BYTES_MAX: usize = 256 * 1024;
pub const REQUEST_JSON_BYTES_MAX: usize = 8 * MIB;
pub const UPLOAD_CHUNK_BYTES_MAX: usize = 8 * MIB;
pub const SEARCH_QUERY_CHARS_MAX: usize = 1_000;
/// Words of one query, counted as the index counts them.
pub const SEARCH_TERMS_MAX: usize = 64;
/// Letters before the first `*` or `?`, and before anything is suggested.
pub const SEARCH_PREFIX_CHARS_MIN: usize = 2;
/// Parentheses and negations inside each other.
pub const SEARCH_DEPTH_MAX: usize = 20;
/// Words apart in `"these words"~5`: at most, and where no number is written.
pub const SEARCH_NEAR_WORDS_MAX: u32 = 50;
pub const SEARCH_NEAR_WORDS: u32 = 8;
/// Letters of a word that others may look like, how much they may differ, and how many of them are looked for.
pub const SEARCH_SIMILAR_CHARS_MIN: usize = 4;
pub const SEARCH_SIMILAR_EDITS_MAX: u8 = 2;
pub const SEARCH_SIMILAR_TERMS_MAX: usize = 50;
pub const SEARCH_SUGGESTIONS_MAX: usize = 8;
/// Terms of one segment of the index that `wor*` and `w?rd` go through.
pub const SEARCH_OPEN_TERMS_MAX: usize = 100_000;
/// Lines of a list of codes and their names, and codes of one name that a search asks for.
pub const SEARCH_CODES_MAX: usize = 200_000;
pub const SEARCH_NAMED_CODES_MAX: usize = 200;
/// What a search may take, where the operator says nothing: then it answers with what it has.
pub const SEARCH_BUDGET_MILLIS: u64 = 2_000;
/// Searches that one person keeps, the characters of a name, and the bytes of a search as an address has it.
pub const SAVED_SEARCHES_MAX: usize = 20;
pub const SAVED_SEARCH_NAME_CHARS_MAX: usize = 80;
pub const SAVED_SEARCH_BYTES_MAX: usize = 4_000;
/// Documents in one exported list.
pub const SEARCH_EXPORT_DOCUMENTS_MAX: usize = 5_000;
/// Words lit on one page.
pub const PAGE_LIT_BOXES_MAX: usize = 1_000;
pub const SEARCH_HITS_PER_PAGE_MAX: usize = 50;
pub const SESSION_IDLE_SECONDS: i64 = 15 * 60;
pub const SESSION_SECONDS_MAX: i64 = 12 * 60 * 60;
