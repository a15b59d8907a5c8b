//! The risk of one placement or one child–family pair: interval, reasons, notes, abstention.
