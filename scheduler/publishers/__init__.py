"""The networks. `base` says what each must do; `load` finds one by its name."""
