// Package intake loads stock from files: it reads tables, says row by row what is wrong with them and what they would
// change, and has a store make that change as a whole.
//
// A file is checked first, which changes nothing. Applying it checks it again, as things may have changed since, and then
// stores all of it or nothing. Rows that are refused stand in the way, unless whoever applies the file says that they are
// to be left out: half of a file that somebody took for good is harder to notice than a file that was not loaded. A row that
// says what is there already is known and changes nothing, so the same file twice adds nothing.
package intake
