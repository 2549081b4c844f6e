"""What an account keeps from one session to the next, in memory only."""

from typing import NamedTuple

from oms.recorder import Recorder
from oms.sessions.history import HistoryPlan
from oms.sessions.login import Keys

from .drift import DriftTally
from .health import Health
from .margins import Margins
from .market import Feed
from .report import News
from .standing import Standing
from .trades import Trades


class Lasting(NamedTuple):
    """All of it; each is what a session works with."""

    recorder: Recorder
    standing: Standing
    feed: Feed
    keys: Keys
    plan: HistoryPlan
    drift: DriftTally
    lacking: dict[str, float]
    news: News
    trades: Trades
    margins: Margins
    health: Health
