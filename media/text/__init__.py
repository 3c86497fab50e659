"""Words on a card: which font sets what, where lines end, and the ink of it. Pango and HarfBuzz live here."""
