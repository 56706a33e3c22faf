"""`python -m controller`: the controller process, with its settings from the environment and the settings file."""

from api.settings import Settings
from controller.serve import serve

serve(Settings())
