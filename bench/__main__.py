"""Run every measurement and print one line each; figures are medians of several runs on this machine."""

from bench import cards, claims, collage, commands, films, photos, publishing, punctuality, rehearsal, uploads

for module in (commands, claims, punctuality, publishing, rehearsal, cards, collage, photos, films, uploads):
    for line in module.measure():
        print(line, flush=True)
