from django.urls import path

from common import shell

urlpatterns = [path("theme/", shell.set_theme, name="theme")]
