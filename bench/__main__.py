"""Run every measurement and print one line each; figures are medians of several runs on this machine."""

from bench import claims, commands, punctuality, rehearsal

for module in (commands, claims, punctuality, rehearsal):
    for line in module.measure():
        print(line, flush=True)
