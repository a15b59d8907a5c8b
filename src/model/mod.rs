//! A trained model: how a study is fitted, how it predicts, its verdict, and its file.
