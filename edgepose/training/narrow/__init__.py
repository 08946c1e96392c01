"""Networks made narrower: which channels go, and what is solved anew behind them."""
