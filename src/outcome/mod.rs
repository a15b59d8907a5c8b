//! What counts as breakdown: named definitions turn stays into spells (entry, exit, cause).
