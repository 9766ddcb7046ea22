"""Another unit, without conversion. May import `checks`, `edit`, `guard`, `reasons` and `spans`."""

from __future__ import annotations

import re

import numpy as np

from rewardmeter.auditing.edits.checks import changed_stretch
from rewardmeter.auditing.edits.edit import Changed, Edit, Material, NotApplicable
from rewardmeter.auditing.edits.guard import on_prose, pick
from rewardmeter.auditing.edits.reasons import EMPTY, IS_CODE, NO_UNIT
from rewardmeter.auditing.edits.spans import Spans

__all__ = ["UNITS"]

SWAPS = """km m|m km|cm m|mm cm|kg g|g kg|mg g|km/h m/s|m/s km/h|mph km/h|ml l|mL L|GB MB|MB GB|TB GB|kWh Wh|MW kW
GHz MHz|°C °F|°F °C|℃ ℉|℉ ℃|% ‰|€ £|£ €|kilometers meters|kilometres metres|kilometer meter
kilometre metre|meters kilometers|metres kilometres|miles feet|feet miles|inches feet|centimeters meters
kilograms grams|grams kilograms|pounds ounces|ounces pounds|liters milliliters|seconds hours
minutes hours|hours minutes|days weeks|weeks days|months years|years months|million billion
billion million|thousand million|percent permille|dollars cents|euros cents|degrees radians
Kilometer Meter|Kilometern Metern|Meter Kilometer|Metern Kilometern|Kilogramm Gramm|Gramm Kilogramm
Sekunden Stunden|Minuten Stunden|Stunden Minuten|Tage Wochen|Tagen Wochen|Wochen Tage|Monate Jahre
Monaten Jahren|Jahre Monate|Jahren Monaten|Millionen Milliarden|Milliarden Millionen|Prozent Promille
Euro Cent|kilomètres mètres|mètres kilomètres|kilogrammes grammes|grammes kilogrammes|heures minutes
jours semaines|semaines jours|mois ans|ans mois|millions milliards|milliards millions|kilómetros metros
metros kilómetros|kilogramos gramos|gramos kilogramos|horas minutos|minutos horas|días semanas
semanas días|meses años|años meses|millones billones|euros céntimos|chilometri metri|metri chilometri
ore minuti|giorni settimane|mesi anni|anni mesi|milioni miliardi|miliardi milioni|quilômetros metros
quilómetros metros|dias semanas|anos meses|milhões bilhões|uur minuten|dagen weken|weken dagen
jaar maanden|км м|м км|кг г|см м|километров метров|километра метра|метров километров|метра километра
килограммов граммов|граммов килограммов|минут часов|часов минут|часа минуты|дней недель|недель дней
месяцев лет|лет месяцев|миллионов миллиардов|миллиардов миллионов|процентов промилле|рублей копеек
долларов центов|公里 米|千米 米|米 公里|公斤 克|千克 克|厘米 米|小时 分钟|分钟 小时|天 周|个月 年|万 亿
亿 万|元 角|美元 美分|キロメートル メートル|メートル キロメートル|キログラム グラム|キロ グラム
時間 分間|分間 時間|週間 日間|日間 週間|か月 年間|ヶ月 年間|年間 か月|億円 万円|万円 億円|كيلومترا مترا
كيلومتر متر|متر كيلومتر|كيلوغرام غرام|غرام كيلوغرام|ساعات دقائق|دقيقة ساعة|ساعة دقيقة|أيام أسابيع
أشهر سنوات|سنوات أشهر|مليون مليار|مليار مليون"""
OTHER = dict(pair.split(" ") for line in SWAPS.split("\n") for pair in line.split("|"))
CURRENCIES = ("$", "€", "£", "¥")
NAMED = "|".join(re.escape(unit) for unit in sorted(OTHER, key=len, reverse=True))
BESIDE = re.compile(rf"(?<=\d)([ \u00a0\u202f]|-(?=[a-z]))?({NAMED})(?![^\W\u3040-\u30ff\u3400-\u9fff])")
CURRENCY = re.compile(r"(?<![\w$\\])([$€£¥])(?=\d[\d.,]*+(?:\s[^\W\d_]{2,}|[,.;:)!?]?(?:\s|$)))")


def _swap(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    text = material.response
    spans = Spans(text)
    found = [(*match.span(2), OTHER[match.group(2)]) for match in BESIDE.finditer(text)]
    if "\\" not in text:  # where there is LaTeX, a dollar may open a formula
        found += [(*match.span(1), _another(match.group(1), rng)) for match in CURRENCY.finditer(text)]
    found = [place for place in found if not spans.touch(place[0], place[1])]
    if not found:
        return NotApplicable(NO_UNIT)
    start, stop, instead = pick(found, rng)
    return Changed(f"{text[:start]}{instead}{text[stop:]}")


def _another(currency: str, rng: np.random.Generator) -> str:
    return pick([one for one in CURRENCIES if one != currency], rng)


def _swapped(material: Material, made: Changed) -> str:
    before, after = material.response, made.response
    if re.findall(r"\d+", before) != re.findall(r"\d+", after):
        return "a number was changed"
    start = changed_stretch(before, after).start
    if before[start : start + 1] in CURRENCIES and before[start + 1 :] == after[start + 1 :]:
        beside = before[start + 1 : start + 2].isdecimal() or before[:start].rstrip(" -\u00a0\u202f")[-1:].isdecimal()
        one_sign = beside and after[start : start + 1] in CURRENCIES
        return "" if one_sign and before != after else "what differs is no currency"
    while start and not before[start - 1].isspace() and not before[start - 1].isdecimal() and before[start - 1] != "-":
        start -= 1
    if not before[:start].rstrip(" -\u00a0\u202f")[-1:].isdecimal():
        return "what differs is not beside a number"
    units = [unit for unit in OTHER if before.startswith(unit, start)]
    swapped = any(f"{OTHER[unit]}{before[start + len(unit) :]}" == after[start:] for unit in units)
    return "" if swapped and before != after else "what differs is no unit"


UNITS = (
    Edit(
        "unit change",
        "breaking",
        "puts another unit or currency beside one number, without conversion",
        on_prose(_swap),
        _swapped,
        (EMPTY, IS_CODE, NO_UNIT),
    ),
)
