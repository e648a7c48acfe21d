int cmpi_placeholder(void);
