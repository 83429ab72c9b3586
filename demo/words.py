"""Invented names: companies, divisions and people. None is meant to be anybody's."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator


def _words(text: str) -> list[str]:
    """Return the words of a text; an underscore stands for a space inside one."""
    return [word.replace("_", " ") for word in text.split()]


_HEADS = _words(
    "Alder Amber Arden Ash Barrow Birch Bracken Bramble Bright Calder Carrow Cinder Clover Copper Coral "
    "Crag Dun Elder Ember Fallow Fen Fern Flint Fox Garnet Glen Gorse Granite Harrow Haven Hazel "
    "Heather Holm Iron Juniper Kestrel Lark Linden Loch Maple Marl Meadow Mill Moor Moss North Oak "
    "Orchard Otter Pebble Pine Quarry Raven Reed Rowan Rush Saffron Sedge Silver Slate Sparrow Stone "
    "Swift Tamar Teal Thorn Thistle Tide Umber Vale Wander Wether Willow Winter Wren Yarrow"
)
_TAILS = _words(
    "brook bridge burn combe croft dale field firth ford gate grove ham haven hollow holt hurst land "
    "lea ley march mere mont moor more ridge rock shaw stead stow thorpe vale view ward water well wick "
    "wood worth"
)

# industry → the last word of a company's name
INDUSTRIES: dict[str, tuple[str, ...]] = {
    "Logistics": ("Logistics", "Freight", "Cargo", "Supply"),
    "Manufacturing": ("Industries", "Works", "Precision", "Components"),
    "Retail": ("Stores", "Outfitters", "Market", "Trading"),
    "Healthcare": ("Health", "Clinics", "Care", "Medical"),
    "Financial services": ("Capital", "Bank", "Partners", "Payments"),
    "Insurance": ("Mutual", "Insurance", "Assurance", "Underwriting"),
    "Software": ("Software", "Systems", "Digital", "Labs"),
    "Energy": ("Energy", "Power", "Grid", "Renewables"),
    "Media": ("Media", "Studios", "Press", "Broadcasting"),
    "Education": ("Learning", "Institute", "Academy", "Education"),
    "Construction": ("Construction", "Builders", "Engineering", "Estates"),
    "Telecommunications": ("Telecom", "Networks", "Mobile", "Connect"),
    "Life sciences": ("Biosciences", "Pharma", "Diagnostics", "Therapeutics"),
    "Food and beverage": ("Foods", "Provisions", "Dairy", "Beverages"),
}

DIVISIONS: tuple[tuple[str, str], ...] = (
    ("Nordics", "SE"),
    ("Iberia", "ES"),
    ("France", "FR"),
    ("Deutschland", "DE"),
    ("Benelux", "NL"),
    ("Italia", "IT"),
    ("Ireland", "IE"),
    ("UK", "GB"),
    ("Canada", "CA"),
    ("Australia", "AU"),
    ("Americas", "US"),
    ("West", "US"),
    ("Ventures", "US"),
    ("Services", "US"),
    ("Asia Pacific", "SG"),
)

_FIRST = {
    "english": _words(
        "Olivia Grace Hannah Claire Megan Abigail Naomi Ruth Audrey Paige Leah Tessa Joanna Beth "
        "Caroline Holly James Oliver Henry Owen Marcus Nathan Simon Adam Peter Graham Dean Elliot "
        "Victor Miles Theo Warren"
    ),
    "german": _words(
        "Anke Birgit Franziska Greta Katrin Lena Heike Jürgen Matthias Stefan Tobias Uwe Jörg Lukas Sven"
    ),
    "french": _words(
        "Amélie Béatrice Céline Élodie Margaux Solène Aurélie Antoine Benoît Étienne Guillaume Luc Rémi Yves"
    ),
    "iberian": _words(
        "Ana Beatriz Carmen Inés Lucía Marisol Pilar Álvaro Diego Joaquín Mateo Nuno Rafael Tomás Xavier"
    ),
    "italian": _words(
        "Alessia Chiara Francesca Giulia Paola Silvia Andrea Davide Enzo Lorenzo Matteo Paolo Riccardo"
    ),
    "northern": _words(
        "Astrid Freja Ingrid Maren Sanne Saskia Anders Bram Erik Jasper Lars Nils Pieter Søren Willem"
    ),
    "south_asian": _words(
        "Aisha Anjali Deepa Kavya Meera Nisha Priya Sana Arjun Farhan Imran Karthik Rahul Rohan Vikram"
    ),
    "east_asian": _words("Hana Jia Mei Min-ji Sakura Xin Yuki Akira Chen Daniel Hiro Jun Kenji Ryan Wei"),
    "african": _words(
        "Adaeze Amara Folake Ngozi Thandi Zainab Babatunde Chidi Emeka Kwame Kofi Sipho Tunde Yusuf"
    ),
}
_LAST = {
    "english": _words(
        "Ashdown Barlow Bexley Carver Colebrook Dalton Easton Fairley Garrick Hadley Hollis Ingram "
        "Kendrick Langley Mercer Nash Oakley Pemberton Quill Radley Sheldon Tolland Underhill Vance "
        "Whitlock Yardley Brandon Corbett Dunmore Ellery"
    ),
    "german": _words(
        "Ackermann Brandt Dietrich Engel Förster Günther Hartwig Kessler Lindner Möller Reuter Schäfer "
        "Vogt Winkler"
    ),
    "french": _words(
        "Aubert Blanchet Carpentier Delorme Fournel Garnier Lacombe Marchand Noël Perrault Renaud "
        "Sauvage Tessier"
    ),
    "iberian": _words(
        "Aguilar Barros Cardoso Delgado Esteves Fuentes Herrera Lozano Moreno Navarro Pacheco Quintana "
        "Salgado"
    ),
    "italian": _words(
        "Barbieri Caruso De_Luca Esposito Ferrara Grimaldi Lombardi Marchetti Pellegrini Rinaldi "
        "Santoro Vitale"
    ),
    "northern": _words(
        "Bakker Dahl Eriksen Halvorsen Jansson Kuipers Lindqvist Mulder Nygaard Sandvik Van_Dijk Visser "
        "Ødegaard"
    ),
    "south_asian": _words(
        "Bhatt Chaudhry Desai Iyer Kapoor Malik Menon Nair Patel Qureshi Rao Sethi Srinivasan Verma"
    ),
    "east_asian": _words("Chan Choi Fujita Huang Ito Kang Liu Mori Nakamura Park Tan Wong Yamada Zhou"),
    "african": _words(
        "Abiola Achebe Adeyemi Banda Boateng Dlamini Eze Mensah Mwangi Ndlovu Okafor Okonkwo Osei Sow"
    ),
}
_COUNTRY_POOLS = {
    "US": ("english", "english", "english", "south_asian", "east_asian", "african", "iberian"),
    "CA": ("english", "english", "french", "south_asian", "east_asian"),
    "AU": ("english", "english", "english", "east_asian", "south_asian"),
    "GB": ("english", "english", "english", "south_asian", "african"),
    "IE": ("english", "english", "english", "iberian"),
    "SG": ("east_asian", "east_asian", "south_asian", "english"),
    "DE": ("german", "german", "german", "italian"),
    "FR": ("french", "french", "french", "african"),
    "ES": ("iberian", "iberian", "iberian", "italian"),
    "IT": ("italian", "italian", "italian", "german"),
    "NL": ("northern", "northern", "german", "south_asian"),
    "SE": ("northern", "northern", "northern", "german"),
}


def ascii_slug(text: str) -> str:
    """Return lower-case ASCII letters, digits and hyphens, as in a domain or the left of an address."""
    plain = text.replace("ø", "o").replace("Ø", "O").replace("ß", "ss")
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return "-".join("".join(c if c.isalnum() else " " for c in plain.lower()).split())


def company_stems(rng: random.Random) -> Iterator[str]:
    """Yield invented company stems, each once, in an order given by ``rng``."""
    stems = [
        head + tail for head in _HEADS for tail in _TAILS if head.lower() != tail and head[-1:] != tail[:1]
    ]
    rng.shuffle(stems)
    yield from stems


def person_name(rng: random.Random, country: str) -> tuple[str, str]:
    """Return a first and a last name that are plausible in a country (ISO 3166 alpha-2)."""
    pool = rng.choice(_COUNTRY_POOLS[country])
    return rng.choice(_FIRST[pool]), rng.choice(_LAST[pool])
